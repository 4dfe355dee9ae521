# Copyright (c) 2026, haproxyadmin.haproxy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of what servers can be asked for: the options of module_utils/_server_options.py."""

from __future__ import annotations

import re

from .fleet import ModuleDocFragment as Fleet

_OPTIONS = r"""
options:
  state:
    description:
      - What is said to the server itself. What it inherits, from a server that it tracks or from a resolver, is told in
        C(readings) and never changed by this option.
      - V(ready) lets the server take traffic. O(wait) lasts until it is up on every process or has no check, and a slow
        start is over. A server that this task brings back counts as up only with the result of a check, and when it is
        still up O(wait_interval) later. Where one failed check takes it down (C(fall 1)), HAProxy calls it up before it
        has checked; then a check must be seen to end, or 2.2 seconds must pass, so let O(wait_interval) be longer than
        the C(inter) of such a server. The wait fails at once, naming the cause, when the server inherits maintenance or
        drain.
      - V(drain) takes it out of load balancing, while clients that are bound to it by a cookie or a stick table still
        reach it. O(wait) lasts until no session is left on it and no request in its own queue, on any process. Sessions
        on old workers count when O(socket) has the master socket; else a warning says that they are unknown.
      - V(maint) takes it out altogether; its checks stop, running sessions go on. There is nothing to wait for but what
        O(drain) asks for.
      - V(enabled) is another word for V(ready), V(disabled) one for V(maint).
      - V(present) creates a server that is missing, with O(address) and O(options), and makes it ready; one that exists
        keeps its state. V(ready), V(drain) and V(maint) with O(address) create a server that is missing, too, on a
        HAProxy that can. Needs HAProxy 2.6 where one is to be created. The next reload forgets the server.
      - V(absent) deletes the server, after maintenance and after waiting until its last session has ended; a name that
        matches nothing is success. When HAProxy refuses, the former state is restored. Needs HAProxy 2.6 where one is to
        be deleted. The next reload brings back a server that the configuration has. What is
        fed back of it holds those keywords in O(options) that HAProxy shows, and no others. Refused while another server
        tracks it. Nothing is deleted on any process while one of them has sessions of it. Of the other settings only
        O(agent_check=disabled) means something beside it.
      - When omitted, the state is left as it is.
    type: str
    choices: [ready, drain, maint, present, absent, enabled, disabled]
  weight:
    description:
      - A whole number from V(0) to V(256), or a whole percentage of the configured weight, rounded down and at most V(256).
      - A percentage above V(0%) that comes to 0 is refused. A backend with a static algorithm takes only V(0%) and V(100%).
        C(static-rr) is known beforehand; of the hash algorithms only HAProxy knows, and refuses the weight when it is sent.
      - With O(state=ready) the weight is set and read back before the server comes back.
      - When omitted, the weight is left as it is.
    type: str
  address:
    description:
      - The IPv4 or IPv6 address to connect to, compared as an address. Names are for O(fqdn), which excludes this option.
      - Of a server that a resolver looks up, the resolver may change it again; a warning says so.
      - Refused for a server that has no address, such as one on a UNIX socket.
      - When omitted, the address is left as it is.
    type: str
  port:
    description:
      - The port to connect to, from V(0) to V(65535). Sent in one command with O(address) when both change; alone with the
        address that was read, since HAProxy takes no port alone.
      - When omitted, the port is left as it is.
    type: int
  fqdn:
    description:
      - The host name that HAProxy's own resolver looks up for the address, compared without case.
      - Only for a server that is configured with a host name and C(resolvers). A name that cannot be resolved takes the
        server into maintenance, which O(state) does not show and C(readings) does.
      - When omitted, the name is left as it is.
    type: str
  maxconn:
    description:
      - Connections at most, of each process; V(0) is unlimited.
      - When omitted, the limit is left as it is.
    type: int
  ssl:
    description:
      - Whether to speak TLS to the server. V(true) needs TLS settings in its C(default-server) or on its own line; HAProxy
        refuses it elsewhere.
      - Needs HAProxy 2.4, also to be read. A server that this task creates speaks TLS by the keyword C(ssl) in O(options)
        and by nothing else.
      - When omitted, TLS is left as it is.
    type: bool
  check_address:
    description:
      - The address that health checks connect to. A change is refused where no health check is enabled.
      - Needs HAProxy 2.4, also to be read. HAProxy 3.4.0 to 3.4.7 refuses every address, and so does this module there.
      - When omitted, the address is left as it is; there is no way back to the server's own but a reload.
    type: str
  check_port:
    description:
      - The port that health checks connect to; V(0) is the server's own. A change is refused where no health check is
        enabled.
      - HAProxy 2.2 cannot show it, so there it is a deed, sent whenever asked and told in RV(unconfirmed).
      - When omitted, the port is left as it is.
    type: int
  agent_address:
    description:
      - The address that agent checks connect to. A change is refused where no agent check is enabled.
      - HAProxy 2.2 cannot show it, so there it is a deed, sent whenever asked and told in RV(unconfirmed). It takes only
        an address of the same family, IPv4 or IPv6, as the one that it replaces, and refuses another.
      - When omitted, the address is left as it is.
    type: str
  agent_port:
    description:
      - The port that agent checks connect to. A change is refused where no agent check is enabled.
      - Needs HAProxy 2.4, also to be read.
      - When omitted, the port is left as it is.
    type: int
  agent_send:
    description:
      - Text that HAProxy sends to the agent when it connects. Refused where no agent check is enabled.
      - No version shows it, so it is a deed, sent whenever asked, always a change, and told in RV(unconfirmed).
      - When omitted, the text is left as it is.
    type: str
  health_check:
    description:
      - Whether health checks run. V(enabled) is refused for a server without one, V(disabled) is true of it already.
      - A server whose checks are disabled keeps the health that it has.
      - A check that is disabled during maintenance and enabled after it sleeps on, on all versions, until the server has been
        in maintenance once more; a warning says so. Enable it before the server becomes ready, as O(health) does.
      - When omitted, the check is left as it is, but for O(health) and for servers that this task creates.
    type: str
    choices: [enabled, disabled]
  agent_check:
    description:
      - Whether agent checks run. V(enabled) is refused for a server without one, V(disabled) is true of it already.
      - An agent sets the same state and the same weight as this module, so it may undo both. V(disabled) is said before the
        state and everything else but the agent's own settings, which HAProxy takes only while the check runs.
      - When omitted, the check is left as it is, but for O(agent) and for servers that this task creates.
    type: str
    choices: [enabled, disabled]
  health_status:
    description:
      - Force the health. V(stopping) lets only bound clients through, V(down) nobody. Refused for a server that tracks
        another one.
      - Where a check is enabled, or in maintenance, this is a deed, sent whenever asked, always a change, and told in
        RV(unconfirmed), since the next check overrules it. Elsewhere it lasts and is compared.
      - When omitted, nothing is forced.
    type: str
    choices: [up, stopping, down]
  agent_status:
    description:
      - Force what the agent says. Refused where no agent check is enabled.
      - A deed, sent whenever asked, always a change, and told in RV(unconfirmed); the next answer of the agent overrules
        it.
      - When omitted, nothing is forced.
    type: str
    choices: [up, down]
  health:
    description:
      - Switch the health check together with the state, on with O(state=ready), off with O(state=maint). Where there is
        no such check this is passed over in silence. O(health_check) wins.
    type: bool
    default: false
  agent:
    description:
      - Switch the agent check together with the state, on with O(state=ready), off with O(state=maint). Where there is no
        such check this is passed over in silence. O(agent_check) wins.
    type: bool
    default: false
  options:
    description:
      - Keywords for a server that this task creates, as on a C(server) line of the configuration, such as
        V(check inter 2s weight 50). C(default-server) is not applied to it.
      - With C(check) or C(agent-check) among them that check is enabled, unless O(health_check) or O(agent_check) says
        otherwise.
      - A server that exists is not compared with them. At most 60 words are taken, numbers are plain, and C(addr) and
        C(agent-addr) take IP addresses only; HAProxy would misread more, or stand still while it looks a name up.
      - When omitted, the server has no keywords.
    type: str
  drain:
    description:
      - With O(state=maint) or O(state=absent), drain first, wait for the last session, set maintenance, read again, wait
        for what slipped in meanwhile (bound clients still reach a draining server), and then go on. No O(wait) is needed.
      - A server that is in maintenance already stays there, and its sessions are waited for.
      - With another state, or without one, it adds nothing.
    type: bool
    default: false
  wait_retries:
    description:
      - The longest wait as a number of O(wait_interval), instead of O(wait_timeout), which it excludes.
      - When omitted, O(wait_timeout) holds.
    type: int
  on_timeout:
    description:
      - What to do when sessions are left after O(wait_timeout).
      - V(fail) fails the task. A server that drains keeps draining and one in maintenance stays there, but for one that
        O(state=absent) without O(drain) has put into maintenance, which gets its former state back.
      - V(shutdown) ends the sessions that are left, those on old workers one by one, and goes on. The commands stand in
        RV(also_done).
      - V(continue) goes on with a warning.
      - Where a wait for V(ready) takes too long, V(shutdown) fails as V(fail) does.
    type: str
    choices: [fail, shutdown, continue]
    default: fail
  shutdown_sessions:
    description:
      - End the sessions of the server once it is in the wished state, those on old workers, too. Without O(state), end
        them and nothing else. With O(state=absent) and without O(drain), end them instead of waiting for them.
      - A deed; a change only when there was a session. Refused with O(state=ready) and O(state=present).
    type: bool
    default: false
  min_up:
    description:
      - How many servers of a backend must stay in service, as a number or as a percentage of the servers that it has,
        rounded up. A task that takes servers out and would leave fewer, on any current process, is refused before
        anything is sent.
      - In service is a server that is running or in its slow start, ready in effect, and has a weight above 0. Servers
        without checks count; backup servers only where there is no other server. What tracks a server goes with it. A server that the
        same task brings back does not count, since it is not up yet.
      - Right after servers were taken out they are counted once more. When somebody else has taken out others at that
        moment, so that too few are left, this task brings its own back and fails.
      - When omitted, every server may go.
    type: str
  fail_on_not_found:
    description:
      - Whether a name that matches no server on any process fails the task. A backend that no process has always does.
    type: bool
    default: true
"""

_SERVERS = r"""
  servers:
    description:
      - Servers with wishes of their own, many in one task. What is given beside O(servers) holds for every item that does
        not say it itself. The same server twice is refused.
      - Takes RV(servers[].before) and RV(servers[].after) of another task as they are, to bring servers back to what they
        were.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - Names of servers, or globs.
        type: list
        elements: str
        required: true
      backend:
        description:
          - Names of backends, or globs.
          - When omitted, O(backend) beside O(servers) holds.
        type: list
        elements: str
"""

_ITEM = r"""
      {name}:
        description:
          - As O({name}), for these servers; or a dictionary of process and value.
        type: raw
"""


_MEMBERS = r"""
options:
  servers:
    description:
      - The servers that the backend must have. Each is one that is there already, by its name, or one that is created, with
        C(address) and C(options), and ends ready with its checks enabled; what the item says beside that is given to the
        server as M(haproxyadmin.haproxy.haproxy_server) does it.
      - An item without C(state) leaves the state of a server that is there as it is.
      - When omitted, servers are left as they are.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - The name of one server. With O(slots), of the slot that this address has to be in.
        type: str
      backend:
        description:
          - The backend that the task is about; what is fed back has it.
        type: str
"""

_MEMBER = r"""
      {name}:
        description:
          - As O(haproxyadmin.haproxy.haproxy_server#module:{name}), for this server.
        type: raw
"""


def _names(text: str) -> list[str]:
    """The options that a text documents."""
    return re.findall(r"^  (\w+):$", text, re.MULTILINE)


def _items(form: str, *texts: str) -> str:
    """What can stand in an item of ``servers``, of the texts that document it."""
    return "".join(form.format(name=name).lstrip("\n") for text in texts for name in _names(text))


class ModuleDocFragment:
    """What one server can be asked for, and ``servers``, whose items take all of it."""

    # annotated: ansible-test reads texts out of the source of plain assignments, and this one is put together
    DOCUMENTATION: str = _OPTIONS + _SERVERS.lstrip("\n") + _items(_ITEM, _OPTIONS, Fleet.WAIT)

    # of a backend's servers
    MEMBERS: str = _MEMBERS + _items(_MEMBER, _OPTIONS, Fleet.WAIT)
