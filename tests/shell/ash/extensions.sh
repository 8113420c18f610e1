# what ash has beyond POSIX: function, &>, <(...), let

let 1/0; echo $?; let 'x='; echo $?; let; echo $?; let 'x = 5' && echo $x; let 'x = 0' || echo $x
#> 2
#> 2
#> 2
#> 5
#> 0

let x=5; echo $x $?; let x=0; echo $?; let; echo $?
#> 5 0
#> 1
#> 2

let 'x = 3' 'y = x + 1'; echo $x $y; let x+=2 y--; echo $x $y; let "x > 3"; echo $?; let "x < 3"; echo $?
#> 3 4
#> 5 3
#> 0
#> 1

let 1+ 2>/dev/null; echo $?; let 1/0 2>/dev/null; echo no
#> 2
#> no

function f { echo f $1; }; f a; function g() { echo g; }; g; function h
{ echo h; }
h; function a-b { :; }; echo no
#> f a
#> g
#= 2

echo a &>f; cat f; { echo o; echo e >&2; } &>f; cat f; cat <(echo ps); cat <(echo 1) <(echo 2); wc -l < <(printf 'a\nb\n'); read x < <(echo r); echo $x; x=$(cat <(echo in)); echo $x
#> a
#> o
#> e
#> ps
#> 1
#> 2
#> 2
#> r
#> in
