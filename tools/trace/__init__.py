"""How much code of the package one request runs: `python -m tools.trace`.

Four steps of a sign-in are traced with `sys.setprofile`: create and attempt by the JSON API, and the two forms of
the pages. For each step the program prints how many distinct functions of the package were called, and how many
distinct files they are in: what somebody has to open who follows the request in a debugger.

The counting rule:

* A function counts once a step, however often it is called. It counts if it has a name or is a lambda: methods,
  properties, generators and nested functions do. Comprehensions and generator expressions belong to the function
  that contains them, as Python 3.12 and later run most of them without a frame of their own.
* Only code below the package's folder counts. A file counts if one of its counted functions was called.
* The process is warm: the user has signed in once, by the same interface and from another browser. So modules,
  URL patterns and templates are loaded. The instance settings were read less than a second ago.
* Delivery does not count: DISPATCH takes the message's id and does nothing. The code is derived between steps.
"""

STEPS = ["API create", "API attempt", "page sign-in", "page verify"]
