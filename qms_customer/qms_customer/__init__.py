"""Module "QMS Customer": Frappe looks for <app>/<module>/doctype, this app keeps its DocTypes in
<app>/doctype.
"""

import os

__path__ = [os.path.dirname(os.path.dirname(os.path.abspath(__file__)))]
__file__ = os.path.join(__path__[0], "__init__.py")
