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

set -e; x=$(false; echo in); echo "$x"
#! busybox forgets set -e in a command substitution
#= 1

set -e; false; echo no
#= 1

set -e; false || true; echo a; false && true; echo b; ! true; echo c; ! false; echo d
#> a
#> b
#> c
#> d

set -e; if false; then :; elif false; then :; fi; echo a; while false; do :; done; until true; do :; done; echo b
#> a
#> b

set -e; f() { false; echo in; }; f || echo or; if f; then echo t; fi; f && echo and; ! f; echo end
#> in
#> in
#> t
#> in
#> and
#> in
#> end

set -e; f() { false; echo in; }; f; echo no
#= 1

set -e; (false; echo in) || echo or; (false; echo in2); echo no
#> in
#= 1

set -e; { false; echo in; } || echo or; { false; echo in2; }; echo no
#> in
#= 1

set -e; true && false; echo no
#= 1

set -e; true && { false; echo in; }; echo no
#= 1

set -e; false && true || false; echo no
#= 1

set -e; echo $(false); echo yes
#>
#> yes

set -e; x=$(false) true; echo yes
#> yes

set -e; f() { local x=$(false); echo local; }; f; export y=$(false); echo exp; readonly z=$(false); echo ro
#> local
#> exp
#> ro

set -e; x=$(false) || echo or; if x=$(false); then :; else echo else; fi
#> or
#> else

set -e; false | true; echo yes
#> yes

set -e; case x in x) false;; esac; echo no
#= 1

set -e; for i in 1 2; do false; done; echo no
#= 1

set -e; for i in 1 2; do echo $i; false || continue; done; echo yes
#> 1
#> 2
#> yes

set -e; eval 'false; echo in'; echo no
#= 1

set -e; eval 'false' || echo or; eval 'false; echo in' || echo or2
#> or
#> in

set -e; command false; echo no
#= 1

set -e; trap 'echo exit $?' EXIT; false; echo no
#> exit 1
#= 1

set -e; trap 'false; echo in trap' EXIT; true
#= 1

set -e; (exit 3); echo no
#= 3

set -e; (set +e; false; echo in); echo yes
#> in
#> yes

set +e; (set -e; false; echo in); echo $?
#> 1

set -e; false & wait $!; echo no
#= 1

set -e; false & wait; echo yes
#> yes

set -e; readonly x=1; (x=2) || echo ro; unset y; (echo ${y?}) || echo unset
#> ro
#> unset

set -e; [ 1 = 2 ]; echo no
#= 1

set -e; : $((0)); echo yes; test -n "" && echo t; echo end
#> yes
#> end

set -e; test -n "" && echo t
#= 1

set -e; f() { test -n "" && echo t; }; f; echo no
#= 1

set -e; f() { if false; then :; fi; }; f; echo yes
#> yes

set -e; f() { return 1; }; f || true; f; echo no
#= 1

set -e; nope 2>/dev/null || echo 127; nope 2>/dev/null; echo no
#> 127
#= 127

set -e; ! { false; echo in; }; echo $?
#> in
#> 1

set -e; while { false; echo in; }; do break; done; echo yes
#> in
#> yes

set -e; if { set +e; false; }; then :; fi; false; echo yes
#> yes

set -e; cd /nope 2>/dev/null || echo or; cd /nope 2>/dev/null; echo no
#> or
#= 2

set -e; true; (true; false) | true; echo yes; true | (false; echo in); echo no
#> yes
#= 1

set -e; f() ( false; echo in ); f || echo or; f; echo no
#> in
#= 1

set -e; false; true & echo no
#= 1

set -e; true & false; echo no
#= 1

set -e; echo 'false; echo in' >f; . ./f; echo no
#= 1

set -e; `false`; echo no
#= 1

set -e; $(exit 3); echo no
#= 3

set -e; $(true); x=; $x; echo yes
#> yes

set -e; read x </dev/null; echo no
#= 1

set -e; false || false || true; false || ! true; echo no
#> no

set -e; ! true || echo x; true && ! true; echo y
#> x
#> y

set -e; f() { set +e; false; echo in; }; f; false; echo yes
#> in
#> yes

set -e; trap 'echo T' USR1; kill -USR1 $$; echo yes
#> T
#> yes

set -e; trap 'false; echo T' USR1; kill -USR1 $$; echo yes
#= 1
