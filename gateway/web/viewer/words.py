"""Every text that the viewers' programs need, in the reader's language."""

from __future__ import annotations

from flask_babel import gettext

from gateway.web.pages import language, public_sentence

_SENTENCES = (
    "viewer_busy",
    "viewer_codec",
    "viewer_exam_changed",
    "viewer_exam_empty",
    "viewer_handle_over",
    "viewer_image_absent",
    "viewer_network",
    "viewer_pacs_away",
    "viewer_pacs_refused",
    "viewer_pixels",
    "viewer_session_over",
    "viewer_study_absent",
    "web_failed",
    "web_unavailable",
)
"""What a page may have to say by itself."""


def words() -> dict[str, str]:
    """Labels and sentences of both viewers."""
    reader = language()
    return {"lang": reader, **_labels(), **_tools(), **{code: public_sentence(code, reader) for code in _SENTENCES}}


def _labels() -> dict[str, str]:
    return {
        "image": gettext("Image"),
        "images": gettext("images"),
        "one_image": gettext("1 image"),
        "series": gettext("Série"),
        "born": gettext("né(e) le"),
        "female": gettext("Femme"),
        "male": gettext("Homme"),
        "birth_name": gettext("nom de naissance"),
        "used_name": gettext("nom utilisé"),
        "study_of": gettext("Examen du"),
        "studies": gettext("{count} examens"),
        "window": gettext("L {width}  C {centre}"),
        "default": gettext("Par défaut"),
        "full_range": gettext("Dynamique entière"),
        "abdomen": gettext("Abdomen"),
        "mediastinum": gettext("Médiastin"),
        "lung": gettext("Poumon"),
        "bone": gettext("Os"),
        "brain": gettext("Cerveau"),
        "liver": gettext("Foie"),
        "vessels": gettext("Vaisseaux"),
        "loading": gettext("Chargement…"),
        "slow": gettext("Le PACS tarde à répondre ; la passerelle attend encore."),
        "arrived": gettext("{there} images sur {all} chargées"),
        "retry": gettext("Réessayer"),
        "no_name": gettext("Nom absent du PACS"),
        "place": gettext("Position dans la série"),
        "left_side": gettext("Gauche"),
        "right_side": gettext("Droite"),
        "thickness": gettext("ép."),
        "at_detector": gettext("au détecteur"),
        "at_film": gettext("au film"),
        "calibrated": gettext("étalonné"),
        "uncalibrated": gettext("non étalonné"),
        "hounsfield": gettext("UH"),
        "mean": gettext("moy."),
        "deviation": gettext("é.-t."),
        "least": gettext("min."),
        "most": gettext("max."),
        "kind_report": gettext("compte rendu structuré"),
        "kind_document": gettext("document PDF"),
        "kind_video": gettext("vidéo"),
        "kind_state": gettext("état de présentation"),
        "kind_key_objects": gettext("images clés"),
        "open_apart": gettext("Ouvrir dans un autre onglet"),
        "reduced": gettext("images réduites"),
        "plane_absent": gettext("Calque {group} absent de l'état de présentation : il n'est pas appliqué"),
        "plane_malformed": gettext("Calque {group} de l'état de présentation illisible : il n'est pas affiché"),
        "plane_short": gettext("Calque {group} de l'état de présentation incomplet : il n'est pas affiché"),
        "plane_table": gettext("Table de l'état de présentation illisible : ses niveaux de gris ne sont pas appliqués"),
        "plane_large": gettext("Calque {group} de l'état de présentation trop grand : il n'est pas affiché"),
        "fact_modality": gettext("Modalité"),
        "fact_body_part": gettext("Région"),
        "fact_view": gettext("Incidence"),
        "fact_side": gettext("Côté"),
        "fact_made": gettext("Fabrication"),
        "fact_thickness_long": gettext("Épaisseur"),
        "fact_position": gettext("Position"),
        "fact_pixel": gettext("Pixel"),
        "fact_size": gettext("Taille"),
        "fact_kilovolts": gettext("Tension"),
        "fact_echo_time": gettext("Temps d'écho"),
        "fact_repetition_time": gettext("Temps de répétition"),
    }


def _tools() -> dict[str, str]:
    return {
        "tools_hand": gettext("Outil du bouton gauche"),
        "tools_image": gettext("Image"),
        "tools_layout": gettext("Disposition"),
        "tools_window": gettext("Fenêtrage"),
        "tool_window": gettext("Contraste"),
        "tool_scroll": gettext("Défiler"),
        "tool_pan": gettext("Déplacer"),
        "tool_zoom": gettext("Zoom"),
        "tool_length": gettext("Distance"),
        "tool_angle": gettext("Angle"),
        "tool_cobb": gettext("Angle de Cobb"),
        "tool_ellipse": gettext("Ellipse"),
        "tool_rectangle": gettext("Rectangle"),
        "tool_probe": gettext("Valeur"),
        "tool_arrow": gettext("Flèche"),
        "arrow_text": gettext("Texte de la flèche"),
        "rotate": gettext("Tourner"),
        "mirror": gettext("Miroir"),
        "flip": gettext("Retourner"),
        "invert": gettext("Inverser"),
        "overlays": gettext("Calques"),
        "play": gettext("Boucle"),
        "pause": gettext("Pause"),
        "per_second": gettext("im/s"),
        "forget": gettext("Effacer les mesures"),
        "reset": gettext("Réinitialiser"),
        "by_hand": gettext("réglé à la main"),
        "together": gettext("Défilement lié"),
        "compare": gettext("Comparer"),
    }
