# set -e: where a failure ends a script and where it is looked at

set -u; echo $q; echo no
#= 2

set -e; f() { false; echo in; }; f || echo no; f; echo out
#> in
#= 1

set -x; x=1; [ -n a ]

set -e; true; false; echo no
#= 1

set -e; if false; then :; fi; false || true; ! true; echo yes
#> yes

set -e; (false; echo no); echo no2
#= 1

set -e; x=$(false); echo no
#= 1

set -e; f() { false; true; }; if f; then echo ok; fi
#> ok

set -e; false && true; echo yes
#> yes

set -e; { false; } ; echo no
#= 1

set -e; while false; do :; done; echo yes
#> yes

set -e; true | false; echo no
#= 1

set -e; eval false; echo no
#= 1

set -n; echo no

set -v; echo a
#> a

set -u; x=1; echo $x ${y-unset}; echo ${1-none}
#> 1 unset
#> none

set -e; test 1 = 2 || true; echo a; if test 1 = 2; then :; fi; echo b
#> a
#> b

set -e; f() { false; }; f && echo no; echo after
#> after
