"""The steps of README.md as a reader would follow them: which block goes into which file, which is run."""

import re

from tests.docs.blocks import FENCE, ROOT

SECTION = re.compile(r"^## Install it into your site\n(.*?)^Before you go live", re.M | re.S)
APPENDED = re.compile(r"^(\w+) = \[\.\.\., ", re.M)  # `X = [..., "new"]` stands for an edit of a list


def steps():
    """Return the blocks up to the first visit: their language and text."""
    text = SECTION.search((ROOT / "README.md").read_text())[1]
    return [
        (found["language"], re.sub(rf"^{found['indent']}", "", found["text"], flags=re.M))
        for found in FENCE.finditer(text)
    ]


def edit(site):
    """Make the edits of the steps in a new project."""
    for language, text in steps():
        if language == "python":
            file = "urls.py" if "urlpatterns" in text else "settings.py"
            site.append(f"mysite/{file}", APPENDED.sub(r"\1 += [", text))


def commands():
    """Return what is run in the project, without the installation and the server."""
    lines = [line for language, text in steps() if language == "sh" for line in text.splitlines()]
    assert lines[0] == "pip install ."
    assert lines[-1] == "python manage.py runserver"
    return [line.split()[2:] for line in lines[1:-1]]
