"""Sentences of the checking commands about the files themselves."""

from gateway.texts.text import Text

TEXTS = {
    "file_unreadable": Text(
        fr="Le fichier ne peut pas être lu : {reason}. Vérifiez son nom et vos droits.",
        en="The file cannot be read: {reason}. Check its name and your rights.",
    ),
    "file_not_written": Text(
        "Le fichier ne peut pas être écrit : {reason}. Vérifiez le dossier et vos droits.",
        "The file cannot be written: {reason}. Check the folder and your rights.",
    ),
    "file_too_large": Text(
        "Le fichier dépasse la taille qui est examinée (300 Mo) : donnez-en un plus petit.",
        "The file is above the size that is looked at (300 MB): give a smaller one.",
    ),
}
