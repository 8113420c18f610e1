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
