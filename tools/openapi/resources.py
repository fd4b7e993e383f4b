"""A schema for each resource of passwordless_otp/api/resources.py. Lists of values are the code's."""

from passwordless_otp import codes
from passwordless_otp.api.environment import environment
from passwordless_otp.api.resources import IDS
from passwordless_otp.flows import sign_up as sign_up_flow
from passwordless_otp.identifiers import Kind
from passwordless_otp.models import InstanceSettings
from passwordless_otp.models.flows import Purpose, VerificationStatus
from tools.openapi.schemas import (
    BOOLEAN,
    COUNT,
    INSTANT,
    NULL,
    TEXT,
    Schema,
    array,
    closed,
    just,
    like,
    nullable,
    one_of,
    prefixed,
    ref,
)

NAMES = {Kind.EMAIL_ADDRESS: "Email", Kind.PHONE_NUMBER: "Phone"}
FIELDS = array(one_of(*Kind, *sign_up_flow.NAMES))


def schemas() -> dict[str, Schema]:
    """Return the schema of each resource, by its name."""
    by_kind = {
        f"{name}{what}": make(kind)
        for kind, name in NAMES.items()
        for what, make in [
            ("Factor", _factor),
            ("Verification", _verification),
            ("Proof", _proof),
            ("Identifier", _identifier),
        ]
    }
    return {
        **by_kind,
        "SignIn": _sign_in(),
        "SignUp": _sign_up(),
        "User": _user(),
        "Token": _token(),
        "Keys": _keys(),
        "Session": _session("active", ref("Token")),
        "EndedSession": _session("ended", NULL),
        "Client": _client(),
        "Environment": like(environment(InstanceSettings())),
    }


def _each(what: str) -> Schema:
    return {"oneOf": [ref(f"{name}{what}") for name in NAMES.values()]}


def _factor(kind: Kind) -> Schema:
    name = {f"{kind}_id": prefixed("idn_")}
    return closed(strategy=just(kind.strategy.value), safe_identifier=TEXT, **name, primary=BOOLEAN)


def _verification(kind: Kind, **changes: Schema) -> Schema:
    members = {
        "object": just("verification_otp"),
        "status": one_of(*VerificationStatus),
        "strategy": just(kind.strategy.value),
        "attempts": COUNT,
        "expire_at": INSTANT,
        "resend_at": nullable(INSTANT),
        "code_length": COUNT,
        "code_alphabet": one_of(*codes.ALPHABETS),
        **({"channel": just(kind.channel)} if kind == Kind.PHONE_NUMBER else {}),
        "error": NULL,
    }
    return closed(**{**members, **changes})


def _proof(kind: Kind) -> Schema:
    """Return the schema of a verification in a sign-up, which exists before a code is asked for."""
    return _verification(
        kind,
        strategy=one_of(kind.strategy, ""),
        attempts=nullable(COUNT),
        expire_at=nullable(INSTANT),
        next_action=one_of("needs_prepare", "needs_attempt", ""),
        supported_strategies=just([kind.strategy.value]),
    )


def _identifier(kind: Kind) -> Schema:
    verified = closed(status=just(VerificationStatus.VERIFIED.value), strategy=just(kind.strategy.value))
    return closed(
        id=prefixed("idn_"),
        object=just(kind.value),
        **{kind.value: TEXT},
        verification=verified,
        reserved=just(False),
        linked_to=array({}, maxItems=0),
    )


def _flow(purpose: Purpose, **members: Schema) -> Schema:
    return closed(
        id=prefixed(IDS[purpose]),
        object=just(f"{purpose}_attempt"),
        **members,
        created_session_id=nullable(prefixed("sess_")),
        abandon_at=INSTANT,
    )


def _sign_in() -> Schema:
    return _flow(
        Purpose.SIGN_IN,
        status=one_of("needs_identifier", "needs_first_factor", "complete", "abandoned"),
        supported_identifiers=array(one_of(*Kind)),
        supported_first_factors=nullable(array(_each("Factor"), minItems=1)),
        supported_second_factors=NULL,
        first_factor_verification=nullable(_each("Verification")),
        second_factor_verification=NULL,
        identifier=nullable(TEXT),
        user_data=NULL,
    )


def _sign_up() -> Schema:
    proofs = {kind.value: nullable(ref(f"{name}Proof")) for kind, name in NAMES.items()}
    return _flow(
        Purpose.SIGN_UP,
        status=one_of("missing_requirements", "complete", "abandoned"),
        required_fields=FIELDS,
        optional_fields=FIELDS,
        missing_fields=FIELDS,
        unverified_fields=array(one_of(*Kind)),
        verifications=closed(**proofs, web3_wallet=NULL, external_account=NULL),
        **{name: nullable(TEXT) for name in [*Kind.values, *sign_up_flow.NAMES]},
        password_enabled=just(False),
        unsafe_metadata={"type": "object", "description": "What the visitor sent, which nobody vouches for."},
        created_user_id=nullable(prefixed("user_")),
    )


def _user() -> Schema:
    return closed(
        object=just("user"),
        id=prefixed("user_"),
        **{name: nullable(TEXT) for name in sign_up_flow.NAMES},
        email_addresses=array(ref("EmailIdentifier")),
        phone_numbers=array(ref("PhoneIdentifier")),
        primary_email_address_id=nullable(prefixed("idn_")),
        primary_phone_number_id=nullable(prefixed("idn_")),
        created_at=nullable(INSTANT),
        updated_at=INSTANT,
        last_sign_in_at=nullable(INSTANT),
    )


def _token() -> Schema:
    return closed(object=just("token"), jwt=TEXT)


def _keys() -> Schema:
    kinds = {"e": TEXT, "n": TEXT, "crv": just("Ed25519"), "x": TEXT}  # the first two of RSA keys, the others not
    common = {"alg": one_of("RS256", "EdDSA"), "kid": TEXT, "kty": one_of("RSA", "OKP"), "use": just("sig")}
    return closed(keys=array(closed(optional=list(kinds), **kinds, **common), maxItems=1))


def _session(status: str, last_token: Schema) -> Schema:
    return closed(
        object=just("session"),
        id=prefixed("sess_"),
        status=just(status),
        user=ref("User"),
        last_active_at=INSTANT,
        expire_at=INSTANT,
        abandon_at=INSTANT,
        last_active_token=last_token,
        public_user_data=closed(
            first_name=nullable(TEXT), last_name=nullable(TEXT), identifier=TEXT, user_id=prefixed("user_")
        ),
        created_at=nullable(INSTANT),
        updated_at=INSTANT,
    )


def _client() -> Schema:
    return closed(
        object=just("client"),
        id=prefixed("client_"),
        sessions=array(ref("Session"), maxItems=1),
        sign_in=nullable(ref("SignIn")),
        sign_up=nullable(ref("SignUp")),
        last_active_session_id=nullable(prefixed("sess_")),
        cookie_expires_at=NULL,
        created_at=INSTANT,
        updated_at=INSTANT,
    )
