"""What is stored in the database."""

from passwordless_otp.models.counters import Counter
from passwordless_otp.models.flows import Flow, SignIn, SignUp, Verification
from passwordless_otp.models.identifiers import Identifier, RemovedIdentifier
from passwordless_otp.models.instance_settings import InstanceSettings
from passwordless_otp.models.messages import Message
from passwordless_otp.models.provider_health import ProviderHealth
from passwordless_otp.models.refusals import Refusal
from passwordless_otp.models.restrictions import Restriction
from passwordless_otp.models.test_addresses import TestAddress
from passwordless_otp.models.unlock_grants import UnlockGrant

__all__ = [
    "Counter",
    "Flow",
    "Identifier",
    "InstanceSettings",
    "Message",
    "ProviderHealth",
    "Refusal",
    "RemovedIdentifier",
    "Restriction",
    "SignIn",
    "SignUp",
    "TestAddress",
    "UnlockGrant",
    "Verification",
]
