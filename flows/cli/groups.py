"""The groups under which `sigmasight --help` lists the commands, in their order."""

START = "Start"
BUILD = "Build and publish"
DATA = "Portfolios and their data"
OPERATE = "Operate"
SERVE = "Query and serve"
CHAT = "Chat"

ORDER = (START, BUILD, DATA, SERVE, CHAT, OPERATE)
