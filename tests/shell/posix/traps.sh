# traps and signals

trap "echo x" INT EXIT; trap
#> trap -- 'echo x' EXIT
#> trap -- 'echo x' INT
#> x

trap "echo int" INT; kill -INT $$; echo after
#> int
#> after

sleep 5 & kill $!; wait $!; echo $?
#> 143

f() { trap "echo ret" EXIT; }; f; echo done
#> done
#> ret

(trap "echo sub" EXIT; :); (exit 3); echo $?
#> sub
#> 3

trap 'echo bye' EXIT; echo hi
#> hi
#> bye

trap 'echo bye' EXIT; exit 3
#> bye
#= 3

trap 'echo $?' EXIT; false
#> 1
#= 1

trap 'echo usr' USR1; kill -USR1 $$; echo done
#> usr
#> done

trap '' TERM; kill -TERM $$; echo alive
#> alive

trap 'echo a' TERM; trap - TERM; trap

(kill -9 $$) & wait; echo no
#= 137

kill -l 2; kill -l 15; kill -0 $$; echo $?
#> INT
#> TERM
#> 0

trap 'echo one' EXIT; trap - EXIT; echo end
#> end

trap 'echo sub' EXIT; (echo in); echo out
#> in
#> out
#> sub

(trap 'echo t' TERM; trap) ; trap 'x' HUP; trap - HUP; trap
#> trap -- 'echo t' TERM

trap 'echo t' USR1; kill -USR1 $$; f() { trap 'echo u' USR1; }; f; kill -USR1 $$
#> t
#> u

trap '(exit 7); exit' EXIT; exit 3
#= 3

trap 'echo a; exit; echo no' EXIT; (exit 4)
#> a
#= 4

trap 'false; exit' USR1; f() { return 6; }; f; kill -USR1 $$; echo no

trap 'kill -USR2 $$; echo in' USR1; trap 'echo nested' USR2; kill -USR1 $$
#> nested
#> in

trap 'echo last' USR1; kill -USR1 $$
#> last

set -e; trap 'false; echo no' EXIT; true
#= 1

set -e; trap 'false; echo no' USR1; kill -USR1 $$; echo no
#= 1

trap 'echo x' ''; test $? -gt 0 && echo bad; trap ''; test $? -gt 0 && echo bad; trap -; test $? -gt 0 && echo bad
#> bad
#> bad
#> bad

trap 'echo bye' EXIT; exec true

trap 'exit 4' EXIT; exit 3
#= 4

trap 'echo $?; false' EXIT; exit 3
#> 3
#= 3

trap 'echo $?' EXIT; (exit 5); exit
#> 5
#= 5

trap 'exit' EXIT; exit 3
#= 3

trap 'echo a; exit; echo b' EXIT; false
#> a
#= 1

trap 'echo a' 0; trap; trap - 0; trap; trap 'echo b' exit 2>/dev/null; trap '' EXIT; trap; echo end
#> trap -- 'echo a' EXIT
#> trap -- '' EXIT
#> end

trap foo NOSIG 2>/dev/null; echo $?; trap foo 999 2>/dev/null; echo $?; trap 'echo k' KILL 2>/dev/null; echo $?; trap - 2>/dev/null; echo $?; trap '' 2>/dev/null; echo $?; trap foo 2>/dev/null; echo $?
#> 1
#> 1
#> 0
#> 1
#> 1
#> 1

trap 'echo int; trap - INT' INT; kill -INT $$; (kill -INT $$) ; echo no
#> int
#= 130

trap '' INT; kill -INT $$; sh -c 'trap "echo no" INT; kill -INT $$; echo ignored'; (kill -INT $$; echo sub); trap
#> ignored
#> sub
#> trap -- '' INT

trap 'echo t $?' USR1; false; kill -USR1 $$; echo $?; (exit 5); kill -USR1 $$; trap 'false' USR1; true; kill -USR1 $$; echo $?
#> t 0
#> 0
#> t 0
#> 0

trap 'return 5' USR1; f() { kill -USR1 $$; echo no; }; f; echo $?; trap 'break' USR1; while :; do kill -USR1 $$; echo no; done; echo out
#> 5
#> out

trap 'echo a' USR1; trap 'echo b' USR1; kill -USR1 $$; trap USR1; kill -0 $$; trap 'kill -USR2 $$; echo in' USR1; trap 'echo nested' USR2; kill -USR1 $$
#> b
#> nested
#> in

trap 'echo exit' EXIT; trap 'echo term; exit 3' TERM; kill -TERM $$; echo no
#> term
#> exit
#= 3

trap 'echo exit' EXIT; kill -KILL $$
#= 137

trap 'echo exit $?' EXIT; kill -TERM $$; echo no
#= 143

trap 'echo exit' EXIT; (exit 3); f() { exit 2; }; f; echo no
#> exit
#= 2

(trap 'echo sub' EXIT; exit 3); echo $?; x=$(trap 'echo cs' EXIT; echo a); echo $x; (trap 'echo s1' EXIT; (echo s2); :) | cat; { trap 'echo br' EXIT; } ; echo last
#> sub
#> 3
#> a cs
#> s2
#> s1
#> last
#> br

trap 'echo exit' EXIT; readonly x=1; x=2; echo no
#> exit
#= 2

trap 'echo exit $?' EXIT; echo ${nope?}; echo no
#> exit 2
#= 2

trap 'echo exit $?' EXIT; if
#= 2

trap '' USR1; /bin/sh -c 'kill -USR1 $$; echo alive'
#> alive

trap 'echo caught' USR1; /bin/sh -c 'kill -USR1 $$; echo alive' 2>/dev/null; [ $? -gt 128 ] && echo killed
#> killed

trap 'echo in; [ "$n" ] || { n=1; kill -USR1 $$; }; echo out' USR1; kill -USR1 $$; echo end
#> in
#> in
#> out
#> out
#> end
