"""XDS.b and XDS-I.b: metadata (ebRIM), stored queries, SOAP with MTOM, and the client of a registry."""
