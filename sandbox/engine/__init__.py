"""The real Pulumi engine against the sandbox: its provider plugins, a language host and where they are installed.

    install_cli.sh      makes a Pulumi CLI where there is none
    installation.py     a PULUMI_HOME with the plugins, and the environment that leads `pulumi` to the sandbox
    stack_settings.py   takes out of a stack's file what `pulumi` wrote into it for the sandbox
    plugin.py           what the engine starts for each package
    service.py          how it is served
    provider.py         resources: the handlers of sandbox/resources behind Pulumi's ResourceProvider service
    construct.py        components of awsx
    local_account.py    the one AWS that a provider talks to: on this machine's loopback address, or none
    language_host.py    runs a Python program where Pulumi's own language host is missing

Nobody imports this but the command line and the tests: without a Pulumi CLI the sandbox does without all of it.
"""
