"""What to do about each reason that can hold a share or a message of the relay.

One entry a reason, in both languages, without facts: it stands in notices, which name no patient, and in the runbooks
(``scripts/runbooks`` writes them from here). What is wrong is said by the sentence of the reason itself.
"""

from gateway.texts.text import Text

HEADS = {
    "title": Text(
        "# Que faire d'un partage retenu\n\n[In English](runbooks.en.md). Retour à la page de"
        " l'[exploitant](operator.md).",
        "# What to do about a held share\n\n[En français](runbooks.md). Back to the [operator's](operator.en.md) page.",
    ),
    "begin": Text(
        "Une section par raison. La console, `gateway share list --state held` et les alertes donnent la raison et"
        " l'identifiant du partage ; la phrase du partage dit les valeurs (elle peut nommer un patient, cette page"
        " non). Une fois la cause corrigée : `gateway share replay ID`, ou le bouton de la console. Un partage qui n'a"
        " plus lieu d'être : `gateway share abandon ID`, avec la raison. Renvoyer le même compte rendu depuis le RIS ne"
        " relance rien.",
        "One section a reason. The console, `gateway share list --state held` and the notices give the reason and the"
        " id of the share; the share's own sentence tells the values (it may name a patient, this page does not). Once"
        " the cause is put right: `gateway share replay ID`, or the button in the console. A share that should no"
        " longer be: `gateway share abandon ID`, with the reason. Sending the same report again takes nothing up.",
    ),
    "meaning": Text("**Sens.**", "**Meaning.**"),
    "doing": Text("**Que faire.**", "**What to do.**"),
}

GROUPS: dict[str, tuple[Text, tuple[str, ...]]] = {
    "images": (
        Text("Les images ne sont pas là, ou pas entières", "The images are not there, or not whole"),
        (
            "study_absent_too_late",
            "study_settling_too_late",
            "manifest_under_way_too_late",
            "pacs_too_late",
            "manifest_without_instances",
            "manifest_value_unfit",
            "images_lost",
            "manifest_report_erased",
            "report_erased",
        ),
    ),
    "agreement": (
        Text("Le compte rendu et le PACS ne disent pas la même chose", "The report and the PACS do not say the same"),
        (
            "patient_differs",
            "birth_date_differs",
            "sex_differs",
            "accession_absent_in_pacs",
            "accession_differs",
        ),
    ),
    "identity": (
        Text(
            "L'identité du patient ne convient pas à la destination",
            "The patient's identity does not fit the destination",
        ),
        (
            "manifest_without_ins",
            "identity_not_qualified",
            "identity_wrong_environment",
            "identity_ins_absent",
            "identity_local_absent",
        ),
    ),
    "metadata": (
        Text("Une valeur que la destination exige manque", "A value that the destination requires is missing"),
        (
            "accession_null",
            "metadata_missing",
            "metadata_not_in_value_set",
            "modality_unknown",
            "region_unknown",
        ),
    ),
    "sender": (
        Text("L'émetteur ne veut pas", "The sender does not want it"),
        ("sender_says_not_dmp", "secret_connection_not_supported_yet"),
    ),
    "registry": (
        Text("Le registre a dit non", "The registry said no"),
        (
            "registry_refused",
            "registry_fault",
            "registry_http",
            "registry_redirect",
            "registry_other_hash",
            "registry_too_late",
            "xds_document_unknown",
            "xds_document_not_current",
        ),
    ),
    "life": (
        Text("Versions, retraits, identités", "Versions, withdrawals, identities"),
        (
            "parent_unknown",
            "parent_unknown_too_late",
            "parent_under_way_too_late",
            "parent_held_too_late",
            "target_unknown",
            "target_unknown_too_late",
            "version_not_latest",
            "withdrawal_of_a_former_version",
            "identity_corrected",
            "restored_look_first",
        ),
    ),
    "relay": (
        Text("Téléradiologie", "Teleradiology"),
        (
            "relay_accession_differs",
            "relay_study_wrong",
            "relay_platform_gone",
            "relay_refused",
            "relay_asked_later",
            "relay_not_fetched",
            "hl7_peer_unreachable",
            "hl7_peer_silent",
            "study_absent",
        ),
    ),
}
"""Reasons by what they are about, in the order of the runbooks."""

_PARENT_UNKNOWN = Text(
    "Faites renvoyer par le RIS la version remplacée : celle-ci la suit toute seule. Si elle n'est jamais passée par"
    " cette passerelle, relancez-le par « gateway share correct --as-new » : il est publié comme un nouveau.",
    "Have the RIS send the replaced version again: this one follows by itself. If that never went through this gateway,"
    " take it up with “gateway share correct --as-new”: it is published as a new one.",
)
_TARGET_UNKNOWN = Text(
    "Vérifiez l'identifiant du document dans le RIS. S'il a été publié par un autre logiciel, retirez-le avec celui-là,"
    " puis renoncez à ce partage. S'il doit encore arriver, relancez : il ne partira pas.",
    "Check the document's identifier in the RIS. If other software published it, withdraw it with that, then abandon"
    " this share. If it is still to come, replay: it will not leave.",
)

TEXTS = {
    "do_parent_unknown": _PARENT_UNKNOWN,
    "do_parent_unknown_too_late": _PARENT_UNKNOWN,
    "do_parent_under_way_too_late": Text(
        "Cherchez la version précédente dans la liste : elle attend ses images ou le registre. Traitez-la, puis"
        " relancez celle-ci.",
        "Find the former version in the list: it waits for its images or for the registry. See to it, then replay"
        " this one.",
    ),
    "do_parent_held_too_late": Text(
        "Traitez d'abord la version précédente : relancez-la, ou renoncez-y si celle-ci la rend inutile. Puis relancez"
        " celle-ci.",
        "See to the former version first: replay it, or abandon it if this one makes it useless. Then replay this one.",
    ),
    "do_target_unknown": _TARGET_UNKNOWN,
    "do_target_unknown_too_late": _TARGET_UNKNOWN,
    "do_version_not_latest": Text(
        "Regardez dans le RIS laquelle des deux versions vaut. Si c'est celle déjà publiée, renoncez à celle-ci. Sinon,"
        " faites valider une version au numéro plus élevé, qui remplace celle que l'on voit.",
        "See in the RIS which of the two versions holds. If it is the published one, abandon this one. Else have a"
        " version with a higher number validated, which replaces the one that people see.",
    ),
    "do_withdrawal_of_a_former_version": Text(
        "Regardez la version actuelle. Si tout le compte rendu doit disparaître, retirez la version actuelle depuis sa"
        " page ; sinon, renoncez à ce retrait.",
        "Look at the current version. If the whole report is to go, withdraw the current version from its page; else"
        " abandon this withdrawal.",
    ),
    "do_identity_corrected": Text(
        "Faites valider dans le RIS une nouvelle version du compte rendu sous la bonne identité : elle prend la place"
        " de celui-ci. Si seul un identifiant local avait changé, relancez : le partage se fait sous le bon.",
        "Have a new version of the report validated in the RIS under the right identity: it takes the place of this"
        " one. If a local identifier alone had changed, replay: it is shared under the right one.",
    ),
    "do_registry_too_late": Text(
        "Lancez « gateway check ». Quand le registre répond, relancez le partage : il est d'abord interrogé, et rien"
        " n'est publié deux fois.",
        "Run “gateway check”. When the registry answers, replay the share: it is asked first, and nothing is published"
        " twice.",
    ),
    "do_restored_look_first": Text(
        "La passerelle a été restaurée, et ce qui a suivi la sauvegarde n'y est plus. « gateway reconcile » dit si le"
        " registre a ce compte rendu : s'il ne l'a pas, relancez le partage ; s'il l'a, abandonnez-le.",
        "The gateway was restored, and what came after the backup is not in it. “gateway reconcile” says whether the"
        " registry has this report: replay the share if it has not, abandon it if it has.",
    ),
    "do_study_absent_too_late": Text(
        "Cherchez l'examen dans le PACS par son accession number. S'il y est sous un autre Study Instance UID, le"
        " compte rendu se trompe : faites-le corriger et renvoyer par le RIS. S'il n'y est pas, faites envoyer les"
        " images par la modalité, puis relancez le partage.",
        "Look the study up in the PACS by its accession number. If it is there under another Study Instance UID, the"
        " report is wrong: have the RIS correct and send it again. If it is not there, have the modality send the"
        " images, then replay the share.",
    ),
    "do_study_settling_too_late": Text(
        "Des images arrivent sans fin, ou le PACS donne à chaque fois une autre liste. Regardez l'examen dans le PACS :"
        " un transfert bloqué, une image renvoyée sans cesse. Quand l'examen ne change plus, relancez le partage.",
        "Images arrive without end, or the PACS gives another list each time. Look at the study in the PACS: a stuck"
        " transfer, an image sent again and again. When the study no longer changes, replay the share.",
    ),
    "do_manifest_under_way_too_late": Text(
        "Un autre partage du même examen devait publier le manifeste. Cherchez-le (même examen, même destination) : il"
        " est retenu lui aussi. Traitez sa raison, relancez-le, puis relancez celui-ci.",
        "Another share of the same study was to publish the manifest. Find it (same study, same destination): it is"
        " held too. See to its reason, replay it, then replay this one.",
    ),
    "do_pacs_too_late": Text(
        "Lancez « gateway check » puis « gateway pacs probe » : le réseau, l'AE title déclaré dans le PACS, les droits"
        " C-FIND. Quand le PACS répond, relancez tous les partages de cette raison.",
        "Run “gateway check”, then “gateway pacs probe”: the network, the AE title declared in the PACS, the rights for"
        " C-FIND. When the PACS answers, replay every share of this reason.",
    ),
    "do_manifest_without_instances": Text(
        "Le PACS a l'examen et rien qui puisse être nommé dans un manifeste. Regardez ce qu'il contient (« gateway pacs"
        " probe ») et les réglages [site.NOM.manifest] qui laissent des objets de côté, puis relancez.",
        "The PACS has the study and nothing that a manifest can name. Look at what is in it (“gateway pacs probe”) and"
        " at the settings [site.NAME.manifest] that leave objects out, then replay.",
    ),
    "do_manifest_value_unfit": Text(
        "Une valeur (numéro, nom) est trop longue ou a un caractère que DICOM n'écrit pas. Corrigez-la dans le PACS ou"
        " dans le compte rendu, selon la phrase du partage, puis relancez.",
        "A value (number, name) is too long or has a character that DICOM cannot write. Correct it in the PACS or in"
        " the report, as the sentence of the share says, then replay.",
    ),
    "do_images_lost": Text(
        "Demandez au service d'imagerie ce que sont devenues les images. Si elles ont été retirées exprès, relancez le"
        " partage : un manifeste de ce qui reste remplace l'ancien. Si le PACS va les retrouver, attendez : le partage"
        " reprend seul au regard qui les retrouve.",
        "Ask the imaging department what became of the images. If they were taken out on purpose, replay the share: a"
        " manifest of what is left replaces the old one. If the PACS will have them again, wait: the share goes on by"
        " itself with the look that finds them.",
    ),
    "do_report_erased": Text(
        "Les octets du compte rendu ont été effacés à leur échéance (`[retention]`) ; ses métadonnées ne peuvent plus"
        " être refaites d'ici. Une nouvelle version envoyée par le RIS remplace ce qui est au registre ; un retrait"
        " reste possible. Sinon, abandonnez cette demande.",
        "The report's bytes were erased when their time came (`[retention]`); its metadata can no longer be made again"
        " from here. A new version sent by the RIS replaces what the registry has; a withdrawal is still possible. Else"
        " abandon this request.",
    ),
    "do_manifest_report_erased": Text(
        "Le délai de conservation est passé : il ne reste rien ici pour refaire le manifeste. Faites renvoyer le compte"
        " rendu sous une nouvelle version, ou abandonnez le partage.",
        "The time to keep it is over: nothing is left here to make the manifest from. Have the report sent as a new"
        " version, or abandon the share.",
    ),
    "do_patient_differs": Text(
        "N'y touchez pas avant d'avoir vérifié l'identité : les images et le compte rendu sont peut-être de deux"
        " personnes. Si c'est la même, corrigez l'identifiant à sa source, ou l'autorité d'affectation"
        " (patient_id_issuer) si tous les partages du site sont retenus ainsi. Puis relancez.",
        "Do nothing before the identity is verified: images and report may be of two people. If it is one person,"
        " correct the identifier at its source, or the issuer (patient_id_issuer) if every share of the site is held"
        " like this. Then replay.",
    ),
    "do_birth_date_differs": Text(
        "Vérifiez l'identité du patient, corrigez la date de naissance là où elle est fausse (PACS ou RIS), puis"
        " relancez, ou faites renvoyer le compte rendu corrigé.",
        "Verify the patient's identity, correct the birth date where it is wrong (PACS or RIS), then replay, or have"
        " the corrected report sent.",
    ),
    "do_sex_differs": Text(
        "Vérifiez l'identité du patient, corrigez le sexe là où il est faux (PACS ou RIS), puis relancez, ou faites"
        " renvoyer le compte rendu corrigé.",
        "Verify the patient's identity, correct the sex where it is wrong (PACS or RIS), then replay, or have the"
        " corrected report sent.",
    ),
    "do_accession_absent_in_pacs": Text(
        "Ajoutez l'accession number à l'examen dans le PACS, puis relancez. Si tous les examens d'une modalité en"
        " manquent, sa liste de travail n'est pas utilisée.",
        "Add the accession number to the study in the PACS, then replay. If every study of a modality lacks it, its"
        " worklist is not used.",
    ),
    "do_accession_differs": Text(
        "Comparez les deux numéros de la phrase du partage. Un zéro ou un préfixe ajouté, ou une autre autorité"
        " (accession_issuer) : un réglage. Deux numéros sans rapport : le compte rendu vise peut-être un autre examen ;"
        " faites-le corriger.",
        "Compare the two numbers in the share's sentence. An added zero or prefix, or another issuer"
        " (accession_issuer): a setting. Two unrelated numbers: the report may mean another study; have it corrected.",
    ),
    "do_manifest_without_ins": Text(
        "Le patient n'a pas d'INS dans le compte rendu. Qualifiez l'identité dans le RIS (téléservice INSi) et faites"
        " renvoyer le compte rendu, ou abandonnez ce partage : le DMP ne le prendra pas sans INS.",
        "The patient has no INS in the report. Qualify the identity in the RIS (INSi service) and have the report sent"
        " again, or abandon this share: the DMP does not take it without an INS.",
    ),
    "do_identity_not_qualified": Text(
        "Qualifiez l'identité dans le RIS (PID-32 à VALI) et faites renvoyer le compte rendu.",
        "Qualify the identity in the RIS (PID-32 VALI) and have the report sent again.",
    ),
    "do_identity_wrong_environment": Text(
        "Une identité de test est arrivée en production, ou une réelle en test. Vérifiez « environment », puis d'où"
        " vient le message ; abandonnez ce qui n'aurait pas dû venir.",
        "A test identity came to production, or a real one to test. Check “environment”, then where the message comes"
        " from; abandon what should not have come.",
    ),
    "do_identity_ins_absent": Text(
        "La destination connaît les patients par leur INS et le compte rendu n'en a pas. Qualifiez l'identité et faites"
        ' renvoyer, ou réglez patient_identity = "local" si le registre connaît les numéros du site.',
        "The destination knows patients by their INS and the report has none. Qualify the identity and have it sent"
        ' again, or set patient_identity = "local" if the registry knows the site\'s numbers.',
    ),
    "do_identity_local_absent": Text(
        "La destination connaît les patients par le numéro du site et le compte rendu n'en a pas de cette autorité."
        " Vérifiez patient_id_issuer et PID-3, puis faites renvoyer le compte rendu.",
        "The destination knows patients by the site's number and the report has none of that issuer. Check"
        " patient_id_issuer and PID-3, then have the report sent again.",
    ),
    "do_accession_null": Text(
        "Le compte rendu dit que l'accession number est inconnu (nullFlavor). Faites-le compléter dans le RIS et"
        " renvoyer.",
        "The report says that the accession number is unknown (nullFlavor). Have it completed in the RIS and sent"
        " again.",
    ),
    "do_metadata_missing": Text(
        "La phrase du partage nomme la valeur. Si elle vaut pour tout le site, mettez-la dans [site.NOM] ; sinon faites"
        " compléter le compte rendu. Puis relancez.",
        "The share's sentence names the value. If it holds for the whole site, put it into [site.NAME]; else have the"
        " report completed. Then replay.",
    ),
    "do_metadata_not_in_value_set": Text(
        "Le code n'est pas du jeu de valeurs que la destination exige. « gateway valuesets » montre ceux qui le sont ;"
        " corrigez le réglage du site ou le code dans le RIS, puis relancez ou faites renvoyer.",
        "The code is not of the value set that the destination requires. “gateway valuesets” shows those that are;"
        " correct the site's setting or the code in the RIS, then replay or have it sent again.",
    ),
    "do_modality_unknown": Text(
        "Ni le compte rendu ni le PACS ne disent la modalité dans un code connu. Complétez-la dans le PACS (Modality"
        " des séries) ou dans le compte rendu, puis relancez.",
        "Neither the report nor the PACS tells the modality in a known code. Complete it in the PACS (Modality of the"
        " series) or in the report, then replay.",
    ),
    "do_region_unknown": Text(
        "Ni le compte rendu ni le PACS ne disent la région anatomique. Ajoutez à [site.NOM.region_by_body_part] la"
        " ligne de ce Body Part Examined ou de cet acte, redémarrez, puis relancez.",
        "Neither the report nor the PACS tells the anatomical region. Add to [site.NAME.region_by_body_part] the line"
        " of this Body Part Examined or act, restart, then replay.",
    ),
    "do_sender_says_not_dmp": Text(
        "Rien à corriger si c'est voulu : le patient ou le médecin s'y oppose. Abandonnez le partage. Si c'est une"
        " erreur, faites renvoyer le compte rendu avec DESTDMP à Y.",
        "Nothing to correct if it is meant: the patient or the physician objects. Abandon the share. If it is a"
        " mistake, have the report sent again with DESTDMP set to Y.",
    ),
    "do_secret_connection_not_supported_yet": Text(
        "La passerelle ne fait pas de connexion secrète. Publiez ce compte rendu par un autre logiciel, et abandonnez"
        " le partage.",
        "The gateway makes no secret connection. Publish this report with other software, and abandon the share.",
    ),
    "do_registry_refused": Text(
        "Lisez les mots du registre dans la phrase du partage. Une valeur qu'il n'accepte pas : corrigez le réglage ou"
        " le compte rendu et faites-le envoyer sous un autre identifiant. Un droit ou un patient inconnu : voyez"
        " l'exploitant du registre, puis relancez.",
        "Read the registry's words in the share's sentence. A value that it does not accept: correct the setting or the"
        " report and have it sent under another identifier. A right or an unknown patient: ask the registry's"
        " operator, then replay.",
    ),
    "do_registry_fault": Text(
        "Le registre a répondu par une erreur SOAP. Avec « gateway check » et ses mots, voyez son exploitant ; relancez"
        " quand c'est réglé.",
        "The registry answered with a SOAP fault. With “gateway check” and its words, ask its operator; replay when it"
        " is settled.",
    ),
    "do_registry_http": Text(
        "HTTP dit non : 401 ou 403, les certificats ou les droits ; 404, l'adresse (repository_url). « gateway check »"
        " les essaie. Corrigez, puis relancez.",
        "HTTP says no: 401 or 403, certificates or rights; 404, the address (repository_url). “gateway check” tries"
        " them. Correct, then replay.",
    ),
    "do_registry_redirect": Text(
        "L'adresse renvoie ailleurs, et la passerelle ne suit pas : un compte rendu n'est pas envoyé à une adresse que"
        " personne n'a choisie. Mettez la bonne adresse dans repository_url et registry_url, puis relancez.",
        "The address redirects, and the gateway does not follow: a report is not sent to an address that nobody chose."
        " Put the right one into repository_url and registry_url, then replay.",
    ),
    "do_registry_other_hash": Text(
        "Le registre a déjà un document sous cet identifiant, avec d'autres octets. Quelqu'un d'autre l'a publié, ou"
        " une sauvegarde ancienne a été restaurée. Comparez avec « gateway xds get » et « gateway xds retrieve » avant"
        " toute chose.",
        "The registry has a document under this identifier already, with other bytes. Somebody else published it, or"
        " an old backup was restored. Compare with “gateway xds get” and “gateway xds retrieve” before anything else.",
    ),
    "do_relay_too_late": Text(
        "L'autre côté n'a pas répondu avant l'échéance. Vérifiez host, port et TLS de sa table, et le réseau ; puis"
        " relancez le message depuis la console.",
        "The other side did not answer before the deadline. Check host, port and TLS of its table, and the network;"
        " then take the message up again in the console.",
    ),
    "do_xds_document_unknown": Text(
        "Le registre ne connaît pas le document à remplacer, à corriger ou à retirer. Cherchez-le avec « gateway xds"
        " find » ; s'il n'y est plus, abandonnez ce partage.",
        "The registry does not know the document to replace, correct or withdraw. Look for it with “gateway xds find”;"
        " if it is gone, abandon this share.",
    ),
    "do_xds_document_not_current": Text(
        "Le document a déjà été remplacé ou retiré au registre par quelqu'un d'autre. Regardez sa suite avec « gateway"
        " xds get --what related », puis abandonnez ou relancez.",
        "The document was replaced or withdrawn at the registry by somebody else. Look at what followed with “gateway"
        " xds get --what related”, then abandon or replay.",
    ),
    "do_relay_accession_differs": Text(
        "Le message et le PACS ne donnent pas le même accession number. Corrigez dans le RIS ou le PACS, puis relancez"
        " le message depuis la console.",
        "The message and the PACS do not give the same accession number. Correct it in the RIS or the PACS, then take"
        " the message up again in the console.",
    ),
    "do_relay_study_wrong": Text(
        "L'examen du message n'est pas celui du patient demandé. Vérifiez l'identité avant toute chose ; corrigez à la"
        " source, puis relancez le message.",
        "The study of the message is not the requested patient's. Verify the identity before anything else; correct it"
        " at its source, then take the message up again.",
    ),
    "do_relay_platform_gone": Text(
        "La plateforme n'est plus dans la configuration. Remettez sa table [platform.NOM], ou abandonnez le message.",
        "The platform is no longer in the settings. Put its table [platform.NAME] back, or give the message up.",
    ),
    "do_relay_refused": Text(
        "L'autre côté a répondu AE ou AR : ses mots sont dans la phrase. Corrigez avec son exploitant, puis relancez ;"
        " les messages suivants de cette demande attendent celui-ci.",
        "The other side answered AE or AR: its words are in the sentence. Settle it with its operator, then take it up"
        " again; later messages of this request wait for it.",
    ),
    "do_relay_not_fetched": Text(
        "L'autre côté n'est pas venu lire ce message dans le délai. Faites vérifier par son exploitant qu'il interroge"
        " la passerelle, avec sa clé, puis relancez le message.",
        "The other side did not come to read this message in time. Have its operator check that it asks the gateway,"
        " with its key, then take the message up again.",
    ),
    "do_study_absent": Text(
        "Les images de la demande ne sont pas dans le PACS. Faites-les envoyer, puis relancez le message.",
        "The images of the request are not in the PACS. Have them sent, then take the message up again.",
    ),
}


_FAMILIES = {
    "pacs_": "pacs_too_late",
    "registry_": "registry_too_late",
    "hl7_": "relay_too_late",
    "mllp_": "relay_too_late",
    "relay_asked_later": "relay_too_late",
}
"""By how a reason begins: what a message of the relay had last met when its deadline passed."""


def what_to_do(reason: str, language: str) -> str:
    """The advice for *reason*, or for its family; empty for one that has none."""
    text = TEXTS.get(f"do_{reason}") or next(
        (TEXTS[f"do_{known}"] for start, known in _FAMILIES.items() if reason.startswith(start)), None
    )
    if text is None:
        return ""
    return text.en if language == "en" else text.fr
