"""The doors by which other systems fetch images: WADO-RS with QIDO-RS (RAD-107), and RAD-69."""
