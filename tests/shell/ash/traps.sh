# traps and signals

trap foo BAR; echo $?
#> 1

trap "echo err" ERR; false; true | false; if false; then :; fi; ! true; f() { false; }; f
#> err
#> err
#> err
#= 1

kill -l | head -3
#>  1) HUP
#>  2) INT
#>  3) QUIT

(trap - INT; trap)

trap 'echo t' USR1; (kill -USR1 $$); echo x
#> t
#> x

trap 'exit 7' TERM; kill $$; echo no
#= 7

trap 'echo "a b"' INT; trap "it's" TERM; trap -p; trap 2; trap
#! trap -p shows too
#> trap -- 'echo "a b"' INT
#> trap -- 'it'"'"'s' TERM
#> trap -- 'it'"'"'s' TERM

trap 'echo t' USR1; (trap); (trap 'x' USR2; trap); x=$(trap); echo "$x"
#! a subshell shows the traps of its parent until it sets its own
#> trap -- 'echo t' USR1
#> trap -- 'x' USR2
#> trap -- 'echo t' USR1

trap 'echo usr1' USR1; trap 'echo usr2' SIGUSR2 2>/dev/null; kill -USR1 $$; kill -s USR2 $$; kill -10 $$; echo done
#> usr1
#> usr2
#> usr1
#> done

trap 'echo x' INT; trap '' HUP; trap -p INT HUP TERM; trap -p NOSUCH 2>/dev/null || echo unknown; trap -p; trap
#! there -p is none
#> trap -- 'echo x' INT
#> trap -- '' HUP
#> trap -- - TERM
#> unknown
#> trap -- '' HUP
#> trap -- 'echo x' INT
#> trap -- '' HUP
#> trap -- 'echo x' INT

trap '' TERM; trap 'echo b' QUIT; x=$(trap); echo "$x"; (trap - HUP; trap)
#> trap -- 'echo b' QUIT
#> trap -- '' TERM
#> trap -- '' TERM

trap 'echo child; /bin/true' CHLD; /bin/true; echo end
#! there the action starts itself again and again
#> child
#> end
