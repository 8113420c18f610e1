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

trap '' USR1; /bin/sh -c 'kill -USR1 $$; echo alive'
#> alive

trap 'echo caught' USR1; /bin/sh -c 'kill -USR1 $$; echo alive' 2>/dev/null; [ $? -gt 128 ] && echo killed
#> killed
