#!/bin/sh
# Starts workerd so that it ends with the node process that started it, even when that is killed outright.
# LARDER_WORKERD is the real program; scripts/server.mjs sets it.
exec setpriv --pdeathsig KILL "$LARDER_WORKERD" "$@"
