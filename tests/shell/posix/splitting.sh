# field splitting

IFS=:; x=a::b:; for i in $x; do echo "[$i]"; done
#> [a]
#> []
#> [b]

IFS=; set -- a b; echo $* "$*"; IFS=-; echo "$*" $*
#> a b ab
#> a-b a b

echo "$@" $# $*; set -- 1 2 3; echo "$*" "$@"; IFS=,; echo "$*"
#> 0
#> 1 2 3 1 2 3
#> 1,2,3

IFS=,; x=a,b,c; echo $x; set -- $x; echo $#
#> a b c
#> 3

IFS=' ,'; x='a , b,,c'; set -- $x; echo $#; for i; do echo "[$i]"; done
#> 4
#> [a]
#> [b]
#> []
#> [c]

IFS=x; v=axbxc; set -- $v; echo $#; unset IFS; v='a b'; set -- $v; echo $#
#> 3
#> 2

IFS=:; set -- a b; echo "$*"; x=$*; echo "$x"; unset IFS; echo "$*"
#> a:b
#> a:b
#> a b

IFS=; set -- 'a b' c; for i in $*; do echo "<$i>"; done; for i in $@; do echo "<$i>"; done; echo "$*"
#> <a b>
#> <c>
#> <a b>
#> <c>
#> a bc

IFS=:; set -- 'a b' c:d; for i in $*; do echo "<$i>"; done; for i in "$*"; do echo "<$i>"; done; x=$*; echo "$x"; x="$@"; echo "$x"; x=$@; echo "$x"
#> <a b>
#> <c>
#> <d>
#> <a b:c:d>
#> a b:c:d
#> a b:c:d
#> a b:c:d

IFS=' :'; x=' a : b:: c '; for i in $x; do echo "<$i>"; done
#> <a>
#> <b>
#> <>
#> <c>

IFS=:; x=:a:; set -- $x; echo $# "<$1>"; x=a:; set -- $x; echo $#; x=::; set -- $x; echo $#; x=:; set -- $x; echo $#; x=; set -- $x; echo $#
#> 2 <>
#> 1
#> 2
#> 1
#> 0

IFS=': '; x='a : : b'; set -- $x; echo $#; for i; do echo "<$i>"; done
#> 3
#> <a>
#> <>
#> <b>

IFS='	'; x='a		b'; set -- $x; echo $#; IFS='
'; x='a
#= 2

IFS=abc; x=1a2b3c4; echo $x; echo "$x"; echo 1a2
#> 1 2 3 4
#> 1a2b3c4
#> 1a2

IFS=,; set -- $(echo a,b c); echo $#; for i; do echo "<$i>"; done; echo $(echo 1,2)$((10))
#> 2
#> <a>
#> <b c>
#> 1 210

IFS=0; echo $((102)) "$((102))"; IFS=1; x=$((11)); echo $x "$x"
#> 1 2 102
#>   11

IFS=-; echo $(echo a-b)c-d; x=a-; echo $x$x; set -- $x$x; echo $#
#> a bc-d
#> a a
#> 2

unset IFS; x=' a  b '; set -- $x; echo $#; IFS=' '; set -- $x; echo $#
#> 2
#> 2

IFS=\\; x='a\b'; set -- $x; echo $# $1
#> 2 a

IFS=' ,'; v='a ' w=',b'; set -- $v$w; echo $#; for i; do echo "[$i]"; done; v='a ,'; set -- $v$w; echo $#
#> 3
#> [a]
#> []
#> [b]
#> 3

IFS=' :'; unset n; w=:b; set -- ${n:-"a" $w}; echo $#; for i; do echo "[$i]"; done
#> 3
#> [a]
#> []
#> [b]
