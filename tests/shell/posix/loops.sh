# loops and choices

eval "if"; echo no
#= 2

for i; do echo $i; done

set -- "a b" c; for i in "$@"; do echo $i; done; echo "x$@y" | cat; echo "$#"
#> a b
#> c
#> xa b cy
#> 2

until false; do break; done; echo $?
#> 0

for in in in; do echo $in; done
#> in

if false; then echo a; elif true; then echo b; else echo c; fi
#> b

if false; then echo a; fi; echo $?
#> 0

while :; do while :; do break 2; done; echo no; done; echo yes
#> yes

type echo cd : if nosuch; echo $?
#> echo is a shell builtin
#> cd is a shell builtin
#> : is a special shell builtin
#> if is a shell keyword
#> nosuch: not found
#> 127

set -- a 'b c' d; for i do echo "<$i>"; done
#> <a>
#> <b c>
#> <d>

if ! false; then echo n; fi; if ! true; then echo a; else echo b; fi
#> n
#> b

for i in 1 2 3; do if [ $i = 3 ]; then break; fi; echo $i; done; echo $i
#> 1
#> 2
#> 3
