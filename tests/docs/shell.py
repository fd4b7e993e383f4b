"""A shell in which the `curl` blocks of a page run, one after the other, against the demo."""

import subprocess
import time

from tests.demo.served import PATIENCE

END = "--- end of block ---\n"


class Shell:
    """One `bash` for all blocks of a page. The n-th block with `$CODE` gets the n-th code that was sent."""

    def __init__(self, demo, folder):
        self.demo, self.output, self.codes = demo, folder / "output", 0
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                ["bash", "-eo", "pipefail"],
                cwd=folder,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                text=True,
            )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.kill()
        self.process.wait()

    def run(self, block):
        """Run the block, and return the output of all blocks so far."""
        text = block.text.replace("http://127.0.0.1:8000", self.demo.origin)
        if "$CODE" in text:
            self.codes += 1
            code = self.demo.wait_for(r"\] (\d{6}) is your ", self.codes)[-1]
            text = f"CODE={code}\n{text}"
        ended = self.output.read_text().count(END)
        self.process.stdin.write(f"{text}\necho; echo '{END.strip()}'\n")
        self.process.stdin.flush()
        end = time.monotonic() + PATIENCE
        while (printed := self.output.read_text()).count(END) == ended:
            assert self.process.poll() is None, (block.place, printed)
            assert time.monotonic() < end, (block.place, printed)
            time.sleep(0.05)
        return printed
