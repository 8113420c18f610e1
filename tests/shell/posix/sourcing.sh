# eval, ., exec, exit

x=1 exec env | grep '^x='; x=2 exec 3>&1; echo $x; sh -c 'echo ${x-unset}'
#> x=1
#> 2
#> unset

echo 'for i in 1 2; do continue 2; done' >c; for j in a b; do . ./c; echo no; done; echo 'break' >b; for j in a b; do . ./b; echo no; done; echo $j
#> a

echo 'echo found' >dotfile; mkdir d; echo 'echo along PATH' >d/dotfile; PATH=$PWD/d:$PATH; . dotfile; PATH=/usr/bin:/bin; (. dotfile; echo no); echo $?; . ./dotfile
#> along PATH
#> 2
#> found

eval; echo $?; false; eval; echo $?; eval ''; echo $?; false; eval ''; echo $?; eval 'echo a' 'b;' echo c; eval "eval 'echo deep'"; x='echo $y'; y='a  b'; eval $x; eval "$x"; eval 'x=1; (exit 3)'; echo $? $x
#> 0
#> 0
#> 0
#> 0
#> a b
#> c
#> deep
#> a b
#> a b
#> 3 1

eval 'if'; echo no
#= 2

eval 'echo a
echo b'; eval 'for i in 1 2
do echo $i
done'; eval "f() { echo f; }"; f; eval 'return 2>/dev/null'; eval false || echo or; eval -- echo x 2>/dev/null
#> a
#> b
#> 1
#> 2
#> f

f() { eval 'return 3'; echo no; }; f; echo $?; for i in 1 2; do eval 'continue; echo no'; echo no; done; eval 'exit 4'; echo no
#> 3
#= 4

echo 'echo dot' >dotf; PATH=.:$PATH; . dotf; PATH=$PWD; . dotf; PATH=/bin:/usr/bin; (. dotf) 2>/dev/null; echo $?; command . ./nope 2>/dev/null; echo $?; . ./nope 2>/dev/null; echo no
#> dot
#> dot
#> 2
#> 2
#= 2

. 2>/dev/null; echo no
#> no

echo 'if' >e; . ./e 2>/dev/null; echo no
#= 2

echo 'echo a; }' >e; (. ./e; echo no) 2>/dev/null; echo $?; eval 'echo a; }' 2>/dev/null; echo no
#> 2
#= 2

exec true; echo no

(exec false); echo $?; (exec nope) 2>/dev/null; echo $?; (exec /) 2>/dev/null; echo $?; (exec sh -c 'echo $0 $1' a b); (exec); echo $?; (false; exec; echo $?); x=1 exec env | grep '^x='
#> 1
#> 127
#> 126
#> a b
#> 0
#> 0
#> x=1

exit 3 4 2>/dev/null; echo no
#= 3

exit x 2>/dev/null; echo no
#= 2

exit -1 2>/dev/null; echo no
#= 2

exit 256

exit 257
#= 1

false; exit
#= 1

(false; exit); echo $?; (exit 300); echo $?; (exit 128); echo $?
#> 1
#> 44
#> 128

echo 'echo $?; false' >f; (exit 3); . ./f; echo $?; : >g; . ./g; echo $?; echo '# nothing' >h; false; . ./h; echo $?
#> 3
#> 1
#> 0
#> 0
