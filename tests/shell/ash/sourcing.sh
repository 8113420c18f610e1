# eval, ., exec, exit

(. /) 2>/dev/null; echo $?; mkdir d; command . ./d 2>/dev/null; echo $?; (. /dev/null; echo $?)
#! a directory is no script
#> 2
#> 2
#> 0

exec -a name sh -c 'echo $0'; echo no
#! exec -a is of later versions
#> name

echo 'echo in $1 $#; x=1; return 3; echo no' >s; . ./s; echo $? $x; . ./s arg; echo $?; set -- p; . ./s; f() { . ./s; echo $1; }; f q
#> in 0
#> 3 1
#> in arg 1
#> 3
#> in p 1
#> in q 1
#> q

: >e; false; . ./e; echo $?; echo 'false' >e; . ./e; echo $?; echo 'exit 5' >e; (. ./e; echo no); echo $?; echo 'echo $0' >e; . ./e | grep -c e$; source ./e >/dev/null; echo $?
#> 0
#> 1
#> 5
#> 0
#> 0

exec -- echo a; echo no
#> a
