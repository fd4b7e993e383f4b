"""What is remembered."""

from passwordless_otp.models.circuits import Circuit
from passwordless_otp.models.counters import Counter
from passwordless_otp.models.flows import Flow
from passwordless_otp.models.identifiers import Identifier
from passwordless_otp.models.instance import InstanceSettings
from passwordless_otp.models.messages import Message
from passwordless_otp.models.proxies import SignIn, SignUp
from passwordless_otp.models.restrictions import Restriction
from passwordless_otp.models.test_identifiers import TestIdentifier
from passwordless_otp.models.verifications import Verification

__all__ = [
    "Circuit",
    "Counter",
    "Flow",
    "Identifier",
    "InstanceSettings",
    "Message",
    "Restriction",
    "SignIn",
    "SignUp",
    "TestIdentifier",
    "Verification",
]
