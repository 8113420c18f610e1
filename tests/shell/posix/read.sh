# read

{ echo a; echo b; } | while read x; do echo "<$x>"; done
#> <a>
#> <b>

read x </dev/null; echo $? "[$x]"
#> 1 []

printf 'a' | { read x; echo $? $x; }
#> 1 a

printf 'a b\nc\n' | { read x; cat; }
#> c

printf '%s' 'no newline' | { read x; echo "$? $x"; }
#> 1 no newline

{ echo 1; echo 2; } | { read a; read b; echo $b $a; }
#> 2 1
