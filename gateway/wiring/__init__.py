"""Builds the adapters from the settings and hands them to the stories. It knows everyone; nobody knows it.

Each process of the gateway needs a part of the house only, so an adapter is imported where it is made: the intake
starts without a SOAP client, the worker without a web framework.
"""
