#!/usr/bin/python
# Copyright (c) 2026, apiary.swarm maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: swarm_service
short_description: Create, change and remove Docker Swarm services, and wait until they run
version_added: 1.0.0
description:
  - Brings one service (O(name)) or many (O(services)) to what is declared, and waits until their tasks run and stay running.
  - What a task does not name is left as it is, unless O(undeclared) says otherwise. A task that names two options changes
    two options.
  - A service that does not converge is a failure, also where the task changed nothing. The failure carries each telling
    task's node, state, error, exit code and last log lines. Under C(no_log) there are no log lines.
  - The engine runs a job again at every update, even if only a label differs. A task that finds a job as declared sends
    nothing, so that the job runs once; what the job did is judged all the same. The result has a warning where only labels
    differ.
  - All services are planned and validated before the first is changed.
  - Values of O(env) are shown in diffs and results, as the docker CLI shows them. Use C(no_log), or better a secret, for
    what nobody may see.
author:
  - apiary.swarm maintainers (@apiary-swarm)
extends_documentation_fragment:
  - apiary.swarm.connection
  - apiary.swarm.attributes
  - apiary.swarm.watched
options:
  name:
    description: The service's name. Exactly one of O(name) and O(services) is needed.
    type: str
  services:
    description:
      - Many services in one task. Each entry is a map of C(name) and any of this module's options, except those of the
        connection, O(services), O(service_defaults), O(wait) and O(wait_timeout).
      - They are read together, planned together, changed side by side (eight at once) and waited for together. Only removals
        come first, and a service that releases a port comes before the one that takes it, so that a port can move in one task.
      - One that the engine refuses, or that does not run, does not keep it from the others; the failure names them all.
    type: list
    elements: dict
  service_defaults:
    description:
      - Options for all entries of O(services) that do not name them.
      - Options of a group, such as O(limits), are taken one by one; lists and maps are taken whole.
    type: dict
  state:
    description:
      - Whether the service is to exist.
      - V(rolled_back) goes back to the spec that the service had before its last update, as C(docker service rollback) does, and
        takes no option of the service beside it. O(service_defaults) are not for such an entry.
      - Going back twice would go forward again. A service whose last update was a rollback, by a task, by the CLI or by
        the engine itself, is left as it is, so that a second run changes nothing.
      - The engine remembers one spec before. Where it has none, the task fails.
    type: str
    choices: [present, absent, rolled_back]
    default: present
  undeclared:
    description:
      - What becomes of options that the task does not name.
      - V(keep) leaves them.
      - V(restore) takes back to their defaults those that an earlier run of this module declared; what was made by hand
        stays, and so does O(replicas).
      - V(reset) takes all of them back to their defaults, O(image) and O(mode) excepted.
      - What was declared is remembered on the service in the label C(io.apiary.declared), by name, without values.
    type: str
    choices: [keep, restore, reset]
    default: keep
  merge:
    description: Options whose lists or maps are added to what is there; otherwise they replace it.
    type: list
    elements: str
    choices:
      - env
      - labels
      - container_labels
      - publish
      - networks
      - mounts
      - secrets
      - configs
      - placement.constraints
      - placement.preferences
      - reservations.generic_resources
      - groups
      - cap_add
      - cap_drop
      - dns
      - dns_search
      - dns_options
      - hosts
      - sysctls
      - ulimits
      - logging.options
  recreate:
    description:
      - Permit to remove the service and make it anew where an option cannot be changed otherwise (O(mode)).
      - It never forces that. If the engine refuses the new service, the old one is made again, and the task fails.
    type: bool
    default: false
  resolve_image:
    description:
      - When to ask the registry for the image's digest and platforms, so that all nodes run the same.
      - V(changed) asks only if the tag differs from the one stored, V(always) at each run, V(never) not at all.
      - V(changed) also asks where the service has no digest yet and there are credentials for the image's registry, so that
        a private image that was named without them comes to run.
      - V(true) is V(always) and V(false) is V(never), as in C(community.docker.docker_swarm_service), where V(false) is the default.
    type: str
    choices: [always, changed, never, 'true', 'false']
    default: changed
  resolve_image_failure:
    description:
      - What to do where the registry does not tell the digest, because it cannot be reached, refuses the credentials or
        does not know the image.
      - V(warn) keeps the digest that the service has of this image. Where it has none, or another image, the tag is used as it
        is, and each node pulls it by itself. The result has a warning. If nodes cannot pull it either, the task fails while
        it waits.
      - V(fail) fails before anything is changed.
    type: str
    choices: [warn, fail]
    default: warn
  registry_auth:
    description:
      - Credentials for registries. They are shown to the registry to resolve the image, and given to the nodes that pull it, as
        C(docker service create --with-registry-auth) does. An image gets those for its own registry and no others.
      - The swarm keeps them with the service until another update brings new ones; the engine tells them to nobody. They are in
        no result, diff or log, and in no file on a host that the module writes.
      - They are no part of the spec. A task that differs only in them changes nothing, and they are sent along with the next
        change. To hand on a new password, change something that restarts no task, such as O(labels).
    type: list
    elements: dict
    suboptions:
      registry_url:
        description: Whose they are, as images name it, for example V(registry.example.com:5000). Docker Hub is V(docker.io).
        type: str
        required: true
        aliases: [registry, url]
      username:
        description: The user's name.
        type: str
        required: true
      password:
        description: The password, or what the registry takes for one.
        type: str
        required: true
  with_registry_auth:
    description:
      - Use the credentials that C(docker login) left on the control host for the registries of the images that the task names, in
        C(config.json) of the directory in the environment variable E(DOCKER_CONFIG) or else in C(~/.docker), and in the
        credential helpers named there.
      - Those in O(registry_auth) come first. An image of whose registry there are none is asked for without.
    type: bool
    default: false
  env_files:
    description:
      - Files of environment variables on the host that the module runs on, each line C(NAME=value). A variable in a later file
        replaces one in an earlier, and O(env) replaces those of files.
      - They are read as C(docker service create --env-file) does. Lines that begin with C(#) are comments, quotes are part of a
        value, and a name alone takes its value from the environment of the task, where it is set there.
      - With one of them O(env) counts as declared.
      - In check mode one that is not there is only a warning, as a task before may make it.
    type: list
    elements: path
  wait:
    description:
      - Wait until the service has converged (as many tasks as wanted run, and stay running for the update's monitor period),
        or until its tasks are gone. Tasks on nodes that are down are not waited for.
      - Fails as soon as it is certain that this will not happen.
      - A job has converged when its tasks have completed, in mode V(global-job) those on the nodes that had one when the wait
        began. It has failed when three tasks in a row of one slot failed (more, if O(restart_config.max_attempts) permits
        more), or when one failed and no other is to follow.
    type: bool
    default: true
  wait_timeout:
    description:
      - Seconds to wait at most, for all services of the task together. Then the task fails; the services are left as they are.
    type: int
    default: 300
  image:
    description: The image. V(nginx) is V(nginx:latest). Needed for a new service.
    type: str
  mode:
    description:
      - V(replicated) runs O(replicas) tasks, V(global) one on each node that fits. A new service is V(replicated).
      - V(replicated-job) runs tasks until O(replicas) of them have completed, V(global-job) until one has on each node that
        fits. A task that failed is tried again as O(restart_config) says, where V(any) is the same as V(on-failure).
      - Engine 28 counts no attempts in mode V(global-job), and tries a failed task of a job again, whatever the policy,
        when another of its tasks ends.
      - Jobs have no O(update_config) and no O(rollback_config). They need API 1.41.
      - Cannot be changed without O(recreate).
    type: str
    choices: [replicated, global, replicated-job, global-job]
  replicas:
    description:
      - Number of tasks, of a job the number of those that are to complete. A new service has V(1).
      - V(-1) is the same as not naming it.
    type: int
  max_concurrent:
    description:
      - How many tasks of a job in mode V(replicated-job) run at a time. A new job has as many as O(replicas). Needs API 1.41.
    type: int
  command:
    description:
      - What to run in place of the image's entrypoint, as a list, or as text that is split as a shell would.
    type: raw
    aliases: [entrypoint]
  args:
    description: Arguments of the command.
    type: list
    elements: str
  env:
    description:
      - Environment variables, as a map, as a list of C(NAME=value), or as such texts with commas between them.
      - In a map quote what YAML would not take for text or a whole number, for example V("true").
    type: raw
  labels:
    description:
      - Labels of the service. Changing them restarts nothing, but runs a job again.
      - Those that C(docker stack) gave it, C(com.docker.stack.*), stay although they are not named, unless O(undeclared=reset).
        The same holds for O(container_labels) and O(mounts[].labels).
    type: dict
  container_labels:
    description: Labels of the containers.
    type: dict
  publish:
    description:
      - Ports to publish. An entry is a map of the suboptions here, or text as for the CLI, for example V("8080:80"),
        V(53:53/udp), V(8000-8010:80-90) or V(published=8080,target=80,mode=host).
      - A range is as many ports one by one. A range before a single port publishes that port by each of them. For a range in
        mode V(host) there is V(published=8000-8010,target=80-90,mode=host), which the CLI does not know.
      - Put ports in quotes. Without them YAML takes V(22:22) for the number 1342, which is refused.
    type: list
    elements: raw
    suboptions:
      target_port:
        description: Port in the container.
        type: int
        required: true
      published_port:
        description: Port on the nodes. The engine chooses one if there is none.
        type: int
      protocol:
        description: What goes through it. V(tcp) if there is none.
        type: str
        choices: [tcp, udp, sctp]
      mode:
        description:
          - V(ingress) publishes on every node of the swarm by the routing mesh, V(host) on the nodes where tasks run.
            V(ingress) if there is none.
          - The mesh needs IP_VS in the kernel. Where it is missing the result has a warning.
        type: str
        choices: [ingress, host]
  endpoint_mode:
    description: How the service's name resolves, to one virtual address or to the addresses of the tasks.
    type: str
    choices: [vip, dnsrr]
  networks:
    description:
      - Overlay networks to join. An entry is a network's name or ID, text as for the CLI, for example
        V(name=backend,alias=db,driver-opt=key=value), or a map of the suboptions here.
    type: list
    elements: raw
    suboptions:
      name:
        description: Name or ID of the network.
        type: str
        required: true
        aliases: [id]
      aliases:
        description: Further names of the service in it.
        type: list
        elements: str
      options:
        description: Options for the network's driver.
        type: dict
  mounts:
    description:
      - What to mount. An entry is a map of the suboptions here, or text as for the CLI, for example
        V(type=bind,source=/srv,target=/data,readonly).
    type: list
    elements: raw
    suboptions:
      type:
        description:
          - What it is. V(bind) if there is none; in the CLI's text V(volume), as there.
          - V(cluster) is a volume of the swarm itself, and needs API 1.42.
          - V(image) needs API 1.48. Engines up to 29 take it for containers and refuse it for services.
        type: str
        choices: [bind, volume, tmpfs, npipe, cluster, image]
      source:
        description: Path on the node, the volume's name, for type V(cluster) also C(group:NAME), or the image.
        type: str
      target:
        description: Path in the container.
        type: str
        required: true
      readonly:
        description: Mount it read-only.
        type: bool
      consistency:
        description:
          - How far container and node may see different content. It meant something on macOS.
          - Engines up to 29 take it and keep nothing of it. The result then has a warning.
        type: str
        choices: [default, consistent, cached, delegated]
      propagation:
        description: How mounts below are passed on, for type V(bind).
        type: str
        choices: [shared, slave, private, rshared, rslave, rprivate]
      create_mountpoint:
        description:
          - Create the path on the node if there is none, for type V(bind). Needs API 1.42.
          - Engines up to 29 take it and keep nothing of it. The result then has a warning.
        type: bool
        aliases: [bind_create_src, create_src]
      recursive:
        description:
          - What becomes of mounts below, for type V(bind). V(disabled) leaves them out. V(enabled), as without this option,
            takes them along, read-only where the kernel can if O(mounts[].readonly) is set.
          - V(writable) makes only the topmost read-only, V(readonly) fails where the kernel cannot make all of them so, and
            goes with O(mounts[].propagation=rprivate). Both need O(mounts[].readonly) and API 1.44.
          - Engines up to 29 take V(writable) and V(readonly) and keep nothing of them. The result then has a warning.
        type: str
        choices: [enabled, disabled, writable, readonly]
        aliases: [bind_recursive]
      non_recursive:
        description: V(true) is the same as O(mounts[].recursive=disabled), and older.
        type: bool
        aliases: [bind_nonrecursive, nonrecursive]
      no_copy:
        description: Do not fill a new volume with what the image has there.
        type: bool
        aliases: [volume_nocopy, nocopy]
      labels:
        description: Labels of a new volume.
        type: dict
      driver_config:
        description: Driver of a new volume.
        type: dict
        suboptions:
          name:
            description: The driver's name.
            type: str
          options:
            description: Its options.
            type: dict
      subpath:
        description:
          - Path below the source that is mounted in its place, for the types V(volume), which needs API 1.45, and V(image).
        type: str
        aliases: [volume_subpath, image_subpath]
      tmpfs_size:
        description: Size of the tmpfs, for example V(64M).
        type: str
      tmpfs_mode:
        description: Mode of the tmpfs. Text is octal, for example V("1770").
        type: raw
      tmpfs_options:
        description:
          - Further options of the tmpfs, each as text such as V(noexec) or V(uid=1000), or as a map of one key. Needs API 1.46.
        type: list
        elements: raw
  secrets:
    description:
      - Secrets that tasks get as files. An entry is a name, text as for the CLI, for example
        V(source=app,target=/etc/app,mode=0440), or a map of the suboptions here, with a name or an ID.
      - The name that versions of M(apiary.swarm.swarm_secret) have in common stands for the newest one, so that a new version
        gives the service new tasks. Old versions are removed there, not here.
    type: list
    elements: raw
    suboptions:
      secret_name:
        description: Name of the secret.
        type: str
      secret_id:
        description: ID of the secret. If it is named, O(secrets[].secret_name) is only the default of O(secrets[].filename).
        type: str
      filename:
        description: Path of the file, if it is not absolute below V(/run/secrets). The name, as it is written here, if there is none.
        type: str
      uid:
        description: The file's owner, V(0) if there is none.
        type: str
      gid:
        description: The file's group, V(0) if there is none.
        type: str
      mode:
        description: Mode of the file, V("0444") if there is none. Text is octal, and text as for the CLI begins with V(0).
        type: raw
  configs:
    description:
      - Configs that tasks get as files. An entry is a name, text as for the CLI, for example
        V(source=app,target=/etc/app,mode=0440), or a map of the suboptions here, with a name or an ID.
      - The name that versions of M(apiary.swarm.swarm_config) have in common stands for the newest one, so that a new version
        gives the service new tasks. Old versions are removed there, not here.
    type: list
    elements: raw
    suboptions:
      config_name:
        description: Name of the config.
        type: str
      config_id:
        description: ID of the config. If it is named, O(configs[].config_name) is only the default of O(configs[].filename).
        type: str
      filename:
        description: Path of the file, if it is not absolute below the root directory. The name, as it is written here, if there is none.
        type: str
      uid:
        description: The file's owner, V(0) if there is none.
        type: str
      gid:
        description: The file's group, V(0) if there is none.
        type: str
      mode:
        description: Mode of the file, V("0444") if there is none. Text is octal, and text as for the CLI begins with V(0).
        type: raw
  placement:
    description: Where tasks may run.
    type: dict
    suboptions:
      constraints:
        description: Conditions that a node must meet, for example V(node.role==worker).
        type: list
        elements: str
      preferences:
        description:
          - Labels over whose values tasks are spread. An entry is a map with the key C(spread) and the label, or text such as
            V(spread=node.labels.rack).
        type: list
        elements: raw
      replicas_max_per_node:
        description: Most tasks on one node. V(0) is no limit.
        type: int
  limits:
    description: What a task may use at most.
    type: dict
    suboptions:
      cpus:
        description: Processors, for example V(0.5). V(0) is no limit.
        type: float
      memory:
        description: Memory, for example V(512M). V(0) is no limit.
        type: str
      pids:
        description: Processes. V(0) is no limit.
        type: int
      memory_swap:
        description:
          - Swap beside the memory, for example V(512M). V(0) is none, V(-1) is without limit. Needs O(limits.memory) and
            API 1.52.
          - If nobody says, a task may swap as much as O(limits.memory).
        type: str
      memory_swappiness:
        description: How willingly the kernel swaps, from V(0) to V(100). V(-1) is as the node has it. Needs API 1.52.
        type: int
  reservations:
    description: What a node must have free for a task.
    type: dict
    suboptions:
      cpus:
        description: Processors, for example V(0.5).
        type: float
      memory:
        description: Memory, for example V(512M).
        type: str
      generic_resources:
        description:
          - Amounts of resources that nodes were told to have, as a map of names to amounts or a list of text such as V(gpu=2).
          - A service can ask for an amount only, not for a named one such as C(gpu=uuid1); the CLI refuses that too.
        type: raw
  update_config:
    description: How tasks are replaced when the service changes. Where only some are named, the CLI's defaults hold for the others.
    type: dict
    suboptions:
      parallelism:
        description: How many at a time, V(1) by default. V(0) is all at once.
        type: int
      delay:
        description: Pause between two, for example V(10s).
        type: str
      failure_action:
        description: What to do if tasks fail, V(pause) by default.
        type: str
        choices: [continue, pause, rollback]
      monitor:
        description: For how long a new task is watched, V(5s) by default.
        type: str
      max_failure_ratio:
        description: What share of tasks may fail, from V(0) to V(1).
        type: float
      order:
        description: Whether the old task is stopped before the new one starts, V(stop-first) by default.
        type: str
        choices: [stop-first, start-first]
  rollback_config:
    description: How tasks are replaced when the service goes back to its spec before. Defaults as for O(update_config).
    type: dict
    suboptions:
      parallelism:
        description: How many at a time. V(0) is all at once.
        type: int
      delay:
        description: Pause between two, for example V(10s).
        type: str
      failure_action:
        description: What to do if tasks fail.
        type: str
        choices: [continue, pause]
      monitor:
        description: For how long a task is watched.
        type: str
      max_failure_ratio:
        description: What share of tasks may fail, from V(0) to V(1).
        type: float
      order:
        description: Whether the old task is stopped before the new one starts.
        type: str
        choices: [stop-first, start-first]
  restart_config:
    description: When a task that ended is replaced. Where only some are named, the CLI's defaults hold for the others.
    type: dict
    suboptions:
      condition:
        description: After which end, V(any) by default.
        type: str
        choices: [none, on-failure, any]
      delay:
        description: Pause before the next, V(5s) by default.
        type: str
      max_attempts:
        description: How often at most. V(0) is without limit.
        type: int
      window:
        description: In which time attempts are counted. V(0s) is without limit.
        type: str
  healthcheck:
    description: How to tell whether a container works. What is not named is as the image has it.
    type: dict
    suboptions:
      test:
        description:
          - Text for the container's shell, or a list that begins with V(CMD) or V(CMD-SHELL).
          - V(NONE) switches the image's check off.
        type: raw
      interval:
        description: Time between two checks.
        type: str
      timeout:
        description: Time one check may take.
        type: str
      retries:
        description: How many must fail one after the other.
        type: int
      start_period:
        description: Time for the container to start, in which failures do not count.
        type: str
      start_interval:
        description: Time between two checks in O(healthcheck.start_period). Needs API 1.44.
        type: str
  user:
    description: User, and after a colon group, that the command runs as.
    type: str
  working_dir:
    description: Working directory.
    type: str
  hostname:
    description: The container's host name. May be a template such as V({{.Node.Hostname}}), marked with C(!unsafe).
    type: str
  groups:
    description: Further groups of the user.
    type: list
    elements: str
  init:
    description: Run an init in the container that passes signals on and collects dead processes.
    type: bool
  tty:
    description: Give the container a terminal.
    type: bool
  read_only:
    description: Mount the container's root read-only.
    type: bool
  stop_signal:
    description: Signal that stops the container, for example V(SIGQUIT).
    type: str
  stop_grace_period:
    description: Time it has to stop before it is killed, V(10s) by default.
    type: str
  cap_add:
    description: Capabilities to add. V(NET_ADMIN) and V(CAP_NET_ADMIN) are the same. V(ALL) makes the others needless.
    type: list
    elements: str
  cap_drop:
    description: Capabilities to take away, or V(ALL).
    type: list
    elements: str
  dns:
    description: Name servers.
    type: list
    elements: str
  dns_search:
    description: Domains to search names in.
    type: list
    elements: str
  dns_options:
    description: Options of the resolver, for example V(ndots:1).
    type: list
    elements: str
  hosts:
    description: Further lines of C(/etc/hosts), as a map of names to addresses or a list of C(name:address).
    type: raw
  sysctls:
    description: Kernel parameters of the container.
    type: dict
  ulimits:
    description:
      - Limits of the container's processes, as a map of names to a number, to text such as V("512:1024") (soft and hard) or to
        a map with C(soft) and C(hard); or a list as for the CLI, of text such as V(nofile=512:1024).
      - V(-1) is without limit. Without a hard limit it is the soft one.
    type: raw
  oom_score_adj:
    description:
      - How likely the container is killed when a node has no memory left, from V(-1000), never, to V(1000). Needs API 1.46.
    type: int
  isolation:
    description: How the container is isolated, on Windows. V(default) is as the node's engine has it.
    type: str
    choices: [default, process, hyperv]
  credential_spec:
    description:
      - Where the managed account of a container is described, on Windows. One of C(config://NAME), C(file://NAME) and
        C(registry://NAME). Empty text is none.
      - A config may be named by its ID, too. Of versions of M(apiary.swarm.swarm_config) it is the newest. It need not be among
        O(configs).
    type: str
  privileges:
    description: What the container's processes may do.
    type: dict
    suboptions:
      seccomp:
        description: Which system calls they may use. Needs API 1.44.
        type: dict
        suboptions:
          mode:
            description:
              - V(default) is the engine's own profile, V(unconfined) none, V(custom) the one in O(privileges.seccomp.profile).
              - V(custom) if there is a profile.
            type: str
            choices: [default, unconfined, custom]
          profile:
            description: The profile, as a map or as text in JSON.
            type: json
      apparmor:
        description: Whether AppArmor bounds them. Needs API 1.44.
        type: dict
        suboptions:
          mode:
            description: V(default) is the engine's own profile, V(disabled) none.
            type: str
            choices: [default, disabled]
      no_new_privileges:
        description: They gain no privileges by starting a program. Needs API 1.44.
        type: bool
      selinux_context:
        description: SELinux labels of the container.
        type: dict
        suboptions:
          disable:
            description: Use none. Nothing else can be named beside it.
            type: bool
          user:
            description: The user in the label.
            type: str
          role:
            description: The role in the label.
            type: str
          type:
            description: The type in the label.
            type: str
          level:
            description: The level in the label.
            type: str
  logging:
    description: Where the container's output goes.
    type: dict
    suboptions:
      driver:
        description: The log driver.
        type: str
      options:
        description: Its options.
        type: dict
  force_update:
    description:
      - Any text, for example a date or the number of a build. If it is another than the one declared last, the tasks are
        replaced although nothing else differs, and a job runs again. The same text again does nothing.
      - It is remembered on the service in the label C(io.apiary.force-update). A new service only remembers it, and one on
        which none is remembered is forced.
      - V(false) is the same as not naming it. V(true) is refused, since it would say the same at every run.
    type: raw
notes:
  - When it is certain that a service will not run, case by case, and what becomes of a wait when a node, the leader or an
    engine fails, is told in docs/waiting.md of the collection. What is asked of registries, and where credentials are kept,
    is in docs/images.md.
  - Durations are text such as V(10s) or V(1m30s), sizes text such as V(512M), where K is 1024.
  - An order of networks, ports, mounts, constraints or variables other than the engine's is no change, nor is a default that
    is named.
seealso:
  - module: apiary.swarm.swarm_network
  - module: apiary.swarm.swarm_secret
  - module: apiary.swarm.swarm_config
  - module: apiary.swarm.swarm_info
"""

EXAMPLES = r"""
- name: Run a web server, and wait until it does
  apiary.swarm.swarm_service:
    name: httpd
    image: nginx:1.26
    replicas: 3
    publish:
      - "8080:80"

- name: Give it a secret and a config; of versions it gets the newest
  apiary.swarm.swarm_service:
    name: httpd
    secrets: [db_password]
    configs:
      - config_name: site
        filename: /etc/nginx/conf.d/default.conf
        mode: "0440"

- name: Have five of them, and touch nothing else
  apiary.swarm.swarm_service:
    name: httpd
    replicas: 5

- name: Bound what it may use and do
  apiary.swarm.swarm_service:
    name: httpd
    limits: {cpus: 0.5, memory: 256M, pids: 200}
    ulimits:
      nofile: "1024:4096"
    oom_score_adj: 200
    cap_drop: [ALL]
    cap_add: [NET_BIND_SERVICE]
    privileges:
      no_new_privileges: true
    mounts:
      - type: volume
        source: content
        target: /usr/share/nginx/html
        subpath: site
        readonly: true
      - type: tmpfs
        target: /var/cache/nginx
        tmpfs_size: 64M
        tmpfs_options: [noexec, nosuid]

- name: Run a job on each worker, and fail if it fails; running the task again does not run the job again
  apiary.swarm.swarm_service:
    name: warm-up
    image: registry.example.com/warm-up:2.1
    mode: global-job
    placement:
      constraints: [node.role==worker]
    restart_config: {condition: none}

- name: Go back to what ran before the last update
  apiary.swarm.swarm_service:
    name: httpd
    state: rolled_back

- name: Replace the tasks once for each build
  apiary.swarm.swarm_service:
    name: httpd
    force_update: build-1742

- name: Run a private image, with credentials from a vault, and fail if the registry does not tell its digest
  apiary.swarm.swarm_service:
    name: app
    image: registry.example.com/team/app:2.1
    resolve_image_failure: fail
    registry_auth:
      - registry_url: registry.example.com
        username: deploy
        password: "{{ vault_registry_password }}"
    env_files: [/etc/app/app.env]

- name: The same with the credentials of the operator's own docker login, looking for a newer version of the tag
  apiary.swarm.swarm_service:
    name: app
    image: registry.example.com/team/app:2.1
    resolve_image: always
    with_registry_auth: true

- name: Add a variable to those it has
  apiary.swarm.swarm_service:
    name: httpd
    env:
      LOG_LEVEL: debug
    merge: [env]

- name: Bring a set of services to exactly what stands here
  apiary.swarm.swarm_service:
    undeclared: restore
    service_defaults:
      networks: [front]
      update_config:
        order: start-first
        failure_action: rollback
    services:
      - name: web
        image: registry.example.com/web:2.1
        replicas: 4
        limits: {cpus: 0.5, memory: 256M}
      - name: agent
        image: registry.example.com/agent:1.0
        mode: global
        mounts:
          - type=bind,source=/var/run/docker.sock,target=/var/run/docker.sock,readonly
      - name: old-web
        state: absent
"""

RETURN = r"""
services:
  description: What was found and done, one entry for each service of the task, in their order. Also there on failure.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The service's name.
      type: str
      returned: always
    id:
      description: Its ID, V(null) if it does not exist.
      type: str
      returned: always
    action:
      description: One of V(created), V(updated), V(recreated), V(rolled_back), V(removed), V(unchanged); in check mode what would be done.
      type: str
      returned: always
    changed:
      description: Whether its spec was changed.
      type: bool
      returned: always
    diff:
      description: The parts of the engine's spec that differ, before and after.
      type: dict
      returned: always
      sample: {"before": {"Mode": {"Replicated": {"Replicas": 3}}}, "after": {"Mode": {"Replicated": {"Replicas": 5}}}}
    tasks:
      description: Its present tasks, in the form of M(apiary.swarm.swarm_info).
      type: list
      elements: dict
      returned: always
    image:
      description: The image without its digest.
      type: str
      returned: always
      sample: nginx:1.26
    update_status:
      description: The engine's word for the last update, for example V(completed), V(null) if there was none.
      type: str
      returned: always
    warnings:
      description: What may be wrong although the service runs.
      type: list
      elements: str
      returned: always
    failure:
      description:
        - Why it does not run, V(null) if it does or was not waited for.
        - C(kind) is one of V(crash_loop), V(rejected), V(ended), V(job_failed), V(unschedulable), V(paused), V(rollback), V(rollback_paused),
          V(not_converged) where the time was over, V(removed), or the kind of the engine's refusal. C(tasks) are those that tell, with C(logs), the last
          lines each wrote.
      type: dict
      returned: always
"""

import platform

from ansible_collections.apiary.swarm.plugins.module_utils._connection import connection_spec
from ansible_collections.apiary.swarm.plugins.module_utils._env_files import with_env_files
from ansible_collections.apiary.swarm.plugins.module_utils._errors import SwarmError
from ansible_collections.apiary.swarm.plugins.module_utils._flow import run
from ansible_collections.apiary.swarm.plugins.module_utils._module import Module
from ansible_collections.apiary.swarm.plugins.module_utils._services import Services, continue_watch
from ansible_collections.apiary.swarm.plugins.module_utils._wishes import (
    HOW,
    between_plugin_and_module,
    service_spec,
    wishes_of,
)


def argument_spec():
    spec = dict(
        connection_spec(),
        **service_spec(),
        name={"type": "str"},
        services={"type": "list", "elements": "dict"},
        service_defaults={"type": "dict"},
        wait={"type": "bool", "default": True},
        wait_timeout={"type": "int", "default": 300},
        **between_plugin_and_module(),
    )
    for option, default in HOW.items():
        if default != ():
            spec[option]["default"] = default
    return spec


def flow(engine, params, check_mode):
    if params["_resume"]:
        return continue_watch(engine, params["_resume"], params["_slice"])
    missing = [] if check_mode else None
    wishes = with_env_files(wishes_of(params), platform.node(), missing)
    services = Services(engine, wishes, check_mode, params["docker_host"], missing)
    services.apply()
    return services.result(params["wait"] and not check_mode, params["wait_timeout"], params["_slice"])


def main():
    module = Module(
        argument_spec=argument_spec(),
        supports_check_mode=True,
        required_one_of=[("name", "services")],
        mutually_exclusive=[("name", "services")],
        required_by={"service_defaults": "services"},
    )
    try:
        result = run(module, flow)
    except SwarmError as error:
        module.fail_json(**error.result())
    module.exit_json(**result)


if __name__ == "__main__":
    main()
