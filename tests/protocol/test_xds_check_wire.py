"""What this gateway's own client sends and its own registry answers, judged by its own checker."""

from __future__ import annotations

from typing import Literal

import pytest

from gateway.model.finding import Verdict
from gateway.xds.client import DestinationSettings, RegistryClient
from gateway.xds.metadata import MetadataSettings, prepare
from gateway.xds.rules.judge import judge
from tests.support import xds_messages as m
from tests.support.soap import Memory, answering, playing, success


@pytest.mark.parametrize("flavour", ["dmp", "ihe"])
def test_what_the_client_sends_is_valid_with_its_http_head_and_without(flavour: Literal["dmp", "ihe"]) -> None:
    publication = m.publication(flavour)
    frozen = prepare(publication, MetadataSettings(flavour=flavour, destination="loopback"))
    contents = [publication.report_content or b"", *(draft.content for draft in publication.manifests)]
    with playing(answering(success())) as loopback:
        settings = DestinationSettings(name="loopback", registry_url=loopback.url, repository_url=loopback.url)
        client = RegistryClient(settings, Memory(*contents))
        try:
            client.send(frozen, again=False)
        finally:
            client.close()
        (seen,) = loopback.seen
    head = "".join(f"{name}: {told}\r\n" for name, told in seen.headers.items())
    for content in (f"POST {seen.path} HTTP/1.1\r\n{head}\r\n".encode() + seen.body, seen.body):
        judgement = judge(content)
        assert [one.message.en for one in judgement.findings] == []
        assert judgement.verdict is Verdict.VALID
        assert judgement.about == {"flavour": flavour, "message": "ProvideAndRegisterDocumentSetRequest"}
