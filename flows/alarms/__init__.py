"""Alarms: what needs people's attention becomes an incident, and is reported once over each channel.

watches/      what is wrong, read from the database as it is now
incidents     opened when a watch finds something, ended when it no longer does; stored in ops.incidents
messages      the text, JSON and Slack form of what was opened and ended
channels      webhook, Slack, e-mail
report        all of this, at the end of a run, from `sigmasight alarms check` and from the schedule
unreachable   the same for a warehouse that cannot be reached, in a file
"""
