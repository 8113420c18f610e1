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

while true; do (break; echo in); echo $?; break; done
#> 0

for i in 1 2 3; do eval 'continue'; echo no; done; for i in 1 2; do eval 'break'; echo no; done; echo $i
#> 1

for i in 1 2 3; do echo 'continue' >c; . ./c; echo no; done; echo $i
#> 3

for i in 1 2; do for j in a b; do for k in x y; do [ $k = y ] && continue 3; echo $i$j$k; done; done; done
#> 1ax
#> 2ax

for i in 1 2; do for j in a b; do break 99; done; done; echo $i$j; for i in 1 2; do continue 99; done; echo $i
#> 1a
#> 2

for i in 1; do (break 0) 2>/dev/null; echo $?; break -1 2>/dev/null; echo no; done
#> 2
#= 2

for i in 1; do break x 2>/dev/null; echo no; done
#= 2

break; echo $?; continue 2; echo $?; break 0 2>/dev/null; echo $?
#> 0
#> 0
#= 2

for i in 1 2 3; do if [ $i = 2 ]; then continue; fi; case $i in 3) break;; esac; echo $i; done; echo $i $?
#> 1
#> 3 0

while false; do :; done; echo $?; until true; do :; done; echo $?; for i in; do :; done; echo $?; false; for i in; do :; done; echo $?
#> 0
#> 0
#> 0
#> 0

for i in 1 2; do false; done; echo $?; i=0; while [ $i -lt 2 ]; do i=$((i+1)); (exit $i); done; echo $?
#> 1
#> 2

while echo cond; false; do :; done; while read x && [ "$x" ]; do echo $x; done <<X
a
b
#> cond
#> a

if false; then echo a; elif false; then echo b; else echo c; fi; if (exit 3); then :; fi; echo $?; if false; then :; else (exit 4); fi; echo $?
#> c
#> 0
#> 4

if true; false; then echo t; else echo f; fi; if ! true; then echo t; else echo f; fi; if true | false; then :; else echo p; fi
#> f
#> f
#> p

if true; then
  # comment
#= 2

for i in a \
b; do echo $i; done; for i
in x; do echo $i; done; for i in y
do echo $i
done
#> a
#> b
#> x
#> y

for i in a b
do
echo $i
done; for i
do echo no; done
#> a
#> b

for i in $(echo a b) "c d" e*; do echo "<$i>"; done; for i in ''; do echo "<$i>"; done
#> <a>
#> <b>
#> <c d>
#> <e*>
#> <>

for i in 1 2 3; do :; done; echo $i; for i in a; do i=b; echo $i; done; echo $i; for _x9 in 1; do echo $_x9; done
#> 3
#> b
#> b
#> 1

if true; then; echo a; fi
#= 2

for i in a; do; echo $i; done
#= 2

(exit 3); for i in 1 2; do echo $?; false; done; (exit 4); for i in; do :; done; echo $?
#> 3
#> 1
#> 0
