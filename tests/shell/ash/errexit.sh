# set -e: where a failure ends a script and where it is looked at

set -E; trap "echo err" ERR; f() { false; true; }; f
#> err
