#!/bin/sh
# Any command of the program beside the service, with the user, the folder and the environment of aggregator.service:
#
#   sudo install -m 0755 deploy/aggregator.sh /usr/local/bin/aggregator
#   sudo aggregator check
#
# Run by root itself, a command would not know /etc/aggregator/environment, and would make a database and folders that
# the service cannot write to.
exec systemd-run --pipe --wait --collect --quiet --uid=aggregator --gid=aggregator \
    --property=UMask=0027 \
    --property=StateDirectory=aggregator \
    --property=StateDirectoryMode=0750 \
    --property=WorkingDirectory=/var/lib/aggregator \
    --property=EnvironmentFile=-/etc/aggregator/environment \
    /opt/aggregator/bin/aggregator -c /etc/aggregator/feeds.yaml "$@"
