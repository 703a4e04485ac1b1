"""stub"""


class Machine: ...
