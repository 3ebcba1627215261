"""The fixed names of XDS metadata in ebRIM 3.0: namespaces, and the UUIDs of schemes and nodes.

XDSB is that of ``ProvideAndRegisterDocumentSetRequest`` and of retrieval (``XDS.b_DocumentRepository.xsd``), RMD that
of ITI-86, XDSI that of RAD-69.

Sources: OASIS ebXML RegRep 3.0 (``rim.xsd``, ``rs.xsd``, ``lcm.xsd``, ``query.xsd``); ITI TF-3 section 4.2.5.
"""

from __future__ import annotations

from functools import cache
from typing import Final

RIM: Final = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"
RS: Final = "urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0"
LCM: Final = "urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0"
QUERY: Final = "urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0"
XDSB: Final = "urn:ihe:iti:xds-b:2007"
RMD: Final = "urn:ihe:iti:rmd:2017"
XDSI: Final = "urn:ihe:rad:xdsi-b:2009"
XML_LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"

PREFIXES: Final = {"rim": RIM, "rs": RS, "lcm": LCM, "query": QUERY}

OBJECT_TYPE: Final = "urn:oasis:names:tc:ebxml-regrep:ObjectType:RegistryObject:"
RESPONSE_STATUS: Final = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:"
PARTIAL_SUCCESS: Final = "urn:ihe:iti:2007:ResponseStatusType:PartialSuccess"
ERROR_SEVERITY: Final = "urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:"

SUBMISSION_SET_NODE: Final = "urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd"
FOLDER_NODE: Final = "urn:uuid:d9d542f3-6cc4-48b6-8870-ea235fbc94c2"

ENTRY_LIMITED_NODE: Final = "urn:uuid:ab9b591b-83ab-4d03-8f5d-f93b1fb92e85"
SET_LIMITED_NODE: Final = "urn:uuid:5003a9db-8d8d-49e6-bf0c-990e34ac7707"
FOLDER_LIMITED_NODE: Final = "urn:uuid:2c144a76-29a9-4b7c-af54-b25409fe7d03"

# Classification schemes of a DocumentEntry (ITI TF-3 table 4.2.5.1-1)
ENTRY_AUTHOR: Final = "urn:uuid:93606bcf-9494-43ec-9b4e-a7748d1a838d"
ENTRY_CLASS: Final = "urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a"
ENTRY_CONFIDENTIALITY: Final = "urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f"
ENTRY_EVENT: Final = "urn:uuid:2c6b8cb7-8b2a-4051-b291-b1ae6a575ef4"
ENTRY_FORMAT: Final = "urn:uuid:a09d5840-386c-46f2-b5ad-9c3699a4309d"
ENTRY_FACILITY: Final = "urn:uuid:f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1"
ENTRY_PRACTICE: Final = "urn:uuid:cccf5598-8b07-4b77-a05e-ae952c785ead"
ENTRY_TYPE: Final = "urn:uuid:f0306f51-975f-434e-a61c-c59651d33983"

# Identification schemes of a DocumentEntry
ENTRY_PATIENT_ID: Final = "urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427"
ENTRY_UNIQUE_ID: Final = "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab"

# Classification and identification schemes of a SubmissionSet
SET_AUTHOR: Final = "urn:uuid:a7058bb9-b4e4-4307-ba5b-e3f0ab85e12d"
SET_CONTENT_TYPE: Final = "urn:uuid:aa543740-bdda-424e-8c96-df4873be8500"
SET_PATIENT_ID: Final = "urn:uuid:6b5aea1a-874d-4603-a4bc-96a0a7b38446"
SET_SOURCE_ID: Final = "urn:uuid:554ac39e-e3fe-47fe-b233-965d2a147832"
SET_UNIQUE_ID: Final = "urn:uuid:96fdda7c-d067-4183-912e-bf5ee74998a8"

# Classification and identification schemes of a Folder
FOLDER_CODES: Final = "urn:uuid:1ba97051-7806-41a8-a48b-8fce7af683c5"
FOLDER_PATIENT_ID: Final = "urn:uuid:f64ffdf0-4b97-4e06-b79f-a52b38ec2f8a"
FOLDER_UNIQUE_ID: Final = "urn:uuid:75df8f67-9973-4fbe-a900-df66cefecc5a"

ASSOCIATION_DOCUMENTATION: Final = "urn:uuid:abd807a3-4432-4053-87b4-fd82c643d1f3"

IDENTIFIER_NAMES: Final = {
    ENTRY_PATIENT_ID: "XDSDocumentEntry.patientId",
    ENTRY_UNIQUE_ID: "XDSDocumentEntry.uniqueId",
    SET_PATIENT_ID: "XDSSubmissionSet.patientId",
    SET_SOURCE_ID: "XDSSubmissionSet.sourceId",
    SET_UNIQUE_ID: "XDSSubmissionSet.uniqueId",
    FOLDER_PATIENT_ID: "XDSFolder.patientId",
    FOLDER_UNIQUE_ID: "XDSFolder.uniqueId",
}
"""The fixed name of each external identifier (ITI TF-3 table 4.2.3.1.3-1)."""

REFERENCE_ID_LIST: Final = "urn:ihe:iti:xds:2013:referenceIdList"
"""Slot of referenceIdList (ITI TF-3 section 4.2.3.2.28)."""

VALUE_LENGTH: Final = 256
"""Characters of one slot value at most (ebRIM 3.0, LongName)."""


@cache
def rim(name: str) -> str:
    """The qualified name of an element of ``rim.xsd``."""
    return f"{{{RIM}}}{name}"
