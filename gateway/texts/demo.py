"""Sentences about the demo."""

from gateway.texts.text import Text

TEXTS = {
    "demo_part_failed": Text(
        "La partie « {part} » de la démonstration n'a pas démarré.", "The demo's part “{part}” did not start."
    ),
    "demo_part_ended": Text(
        "La partie « {part} » de la démonstration s'est arrêtée. Lisez ce qu'elle a dit plus haut, puis relancez la "
        "démonstration.",
        "The demo's part “{part}” has ended. Read what it said above, then start the demo again.",
    ),
    "demo_pacs_address": Text(
        "« {value} » n'est pas une adresse de PACS de la forme AET@HÔTE:PORT : écrivez-la ainsi, par exemple "
        "PACS@127.0.0.1:4242.",
        "“{value}” is not a PACS address of the form AET@HOST:PORT: write it so, for example PACS@127.0.0.1:4242.",
    ),
    "demo_registry_address": Text(
        "Donnez ensemble --registry et --repository.", "Give --registry and --repository together."
    ),
    "demo_not_acknowledged": Text(
        "Le compte rendu {message} a été refusé : {answer}. La réponse en dit la raison.",
        "The report {message} was refused: {answer}. The answer says why: correct that.",
    ),
    "demo_not_shared": Text(
        "Le partage n'a pas abouti : {state}. {why}", "The share did not end as it should: {state}. {why}"
    ),
    "demo_not_found": Text(
        "Le registre ne rend pas {what} pour l'accession number.",
        "The registry does not give back {what} for the accession number.",
    ),
    "demo_hash_differs": Text(
        "Le document {document} revient du registre avec un autre contenu : vérifiez --registry et --repository.",
        "The document {document} comes back from the registry with other content: check --registry and --repository.",
    ),
    "demo_link_missing": Text(
        "Le compte rendu publié ne contient pas le lien vers les images : vérifiez le réglage link de la destination.",
        "The published report does not hold the link to the images: check the destination's setting link.",
    ),
    "demo_visit_failed": Text(
        "Le lien n'a pas mené aux images : {what}. Lisez ce que la passerelle a dit plus haut.",
        "The link did not lead to the images: {what}. Read what the gateway said above.",
    ),
    "demo_visit_unanswered": Text(
        "Le lien n'a pas reçu de réponse : {what}. Lisez ce que la passerelle a dit plus haut.",
        "The link was not answered: {what}. Read what the gateway said above.",
    ),
    "demo_not_stored": Text(
        "Le PACS {pacs} n'a pas pris l'examen de démonstration ({what}).",
        "The PACS {pacs} did not take the demo's study ({what}).",
    ),
}
