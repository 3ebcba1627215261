"""What is believed and on what grounds: XML from strangers, certificates, addresses."""
