"""Write the classic script client.js from the module client.module.js: `python -m tools.client_script`.

`export` may not stand in a classic script, and a module can't define `PasswordlessOTP` without a side effect.
"""

import re
import textwrap
from pathlib import Path

STATIC = Path(__file__).parents[1] / "passwordless_otp/static/passwordless_otp"
MODULE, SCRIPT = STATIC / "client.module.js", STATIC / "client.js"
HEADER = (
    "/* The JavaScript client of passwordless_otp, as a classic script that defines `PasswordlessOTP`.\n"
    " * Made from client.module.js by `python -m tools.client_script`: change that.\n */\n"
)
EXPORT = re.compile(r"^export (?=(?:class|function|const) (\w+))", re.M)


def script() -> str:
    """Return the text of the classic script."""
    body = MODULE.read_text().partition("*/\n")[2]
    names = ", ".join(sorted(EXPORT.findall(body), key=str.lower))
    inner = (
        '"use strict";\n'
        "if (globalThis.PasswordlessOTP) return; // a page that loads it twice has one client\n\n"
        f"{EXPORT.sub('', body)}\n"
        f"globalThis.PasswordlessOTP = {{ {names} }};\n"
    )
    return f"{HEADER}(() => {{\n{textwrap.indent(inner, '  ')}}})();\n"


if __name__ == "__main__":
    SCRIPT.write_text(script())
