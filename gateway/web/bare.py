"""What is served as bare WSGI beside Flask: images, which are many and large."""

from __future__ import annotations

from wsgiref.types import WSGIApplication

from gateway.web.doors import rad69, wado_paths
from gateway.web.doors.rad69 import Rad69Server
from gateway.web.doors.wado import WadoServer
from gateway.web.exams import Exams
from gateway.web.login.grants import Grants
from gateway.web.login.session import Access
from gateway.web.parts import WebParts
from gateway.web.places import Places
from gateway.web.viewer import frames, pictures


class Bare:
    """Frames, pictures, WADO-RS and RAD-69, each by its address."""

    def __init__(self, parts: WebParts, access: Access, exams: Exams, grants: Grants) -> None:
        places = Places(parts, exams, grants)
        self._frames = frames.FrameServer(parts, places)
        self._pictures = pictures.PictureServer(parts, places)
        doors = parts.doors
        self._wado = WadoServer(parts, doors, access, exams, places) if doors is not None and doors.wado else None
        self._rad69 = Rad69Server(parts, doors, access, exams) if doors is not None and doors.rad69 else None

    def of(self, path: str) -> WSGIApplication | None:
        """The application that serves *path*; None: the pages do."""
        if frames.PATH.fullmatch(path):
            return self._frames
        if pictures.PATH.fullmatch(path):
            return self._pictures
        if self._wado is not None and wado_paths.PATH.fullmatch(path):
            return self._wado
        if self._rad69 is not None and path == rad69.PATH:
            return self._rad69
        return None
