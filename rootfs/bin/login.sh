#!/bin/sh
# What telnetd starts.
exec "${IPKG_INSTROOT:-}/usr/libexec/login.sh" telnet
