# set -e: where a failure ends a script and where it is looked at

set -E; trap "echo err" ERR; f() { false; true; }; f
#> err

set -e; echo 'false; echo in' >f; . ./f || echo or; if . ./f; then echo then; fi; . ./f; echo no
#! what a sourced file fails at is looked at here, as for functions
#> in
#> in
#> then
#= 1

set -e; { :; } >nodir/f || echo or; { :; } >nodir/f; echo no
#! a redirection that fails is a failure for compound commands too
#> or
#= 1

set -e; set -o pipefail; false | true; echo no
#= 1

set -e; [ 1 = 2 ] || [ 3 = 3 ]; echo yes; [[ a = b ]]; echo no
#> yes
#= 1

set -e; let 0; echo no
#= 1

set -e; echo a >nodir/f || echo or; echo a >nodir/f; echo no
#> or
#= 1

set -e; x=1 >nodir/f; echo no
#= 1

set -e; shift 5; echo no
#= 1

set -e; shift 5 || echo or; getopts a o || echo or2; read x </dev/null || echo or3; unset nope; echo yes
#> or
#> or2
#> or3
#> yes

set -e; trap 'echo err' ERR; false || true; false; echo no
#> err
#= 1

trap 'echo err' ERR; false; (false); f() { false; }; f; f || true; if false; then :; fi; echo end
#> err
#> err
#> err
#> end

trap 'echo err $?' ERR; (exit 3); nope 2>/dev/null; true | (exit 4); x=$(exit 5); [ 1 = 2 ]; :
#> err 3
#> err 127
#> err 4
#> err 5
#> err 1
