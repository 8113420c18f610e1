# parameter expansion

echo ${zz?}
#= 2

echo ${zz:?bad}; echo no
#= 2

(echo ${zz:?bad}); echo $?
#> 2

echo "${x:-"a  b"}" ${x:-"a  b" c}
#> a  b a  b c

f() { local a=1 b; a=2; unset a; echo ${a-u}; }; a=9; f; echo $a
#> u
#> 9

unset x; echo "${x+set}" ${x:=def} $x
#>  def def

echo ${#x} ${#}
#> 0 0

x=abc; echo ${#x} ${x#a} ${x%c} ${x##*b} ${x%%b*} "${x#"a"}"
#> 3 bc ab c a bc

x=a.b.c; echo ${x%.*} ${x%%.*} ${x#*.} ${x##*.}
#> a.b a b.c c

x=; set -- $x; echo $#; set -- "$x"; echo $#; set -- ${x}a; echo $#
#> 0
#> 1
#> 1

echo ${x:-$(echo sub)} ${y:-`echo bq`} ${z:-"q q"}
#> sub bq q q

x=5; echo ${x:+yes} ${x+yes} ${y:+no}; x=; echo [${x:+no}] [${x+yes}] [${x:-def}] [${x-def}]
#> yes yes
#> [] [yes] [def] []

echo "${x:-a}b${y:-"c d"}e"
#> abc de

x='a b'; echo ${y:-$x} "${y:-$x}"
#> a b a b

set -- ${y:-a b c}; echo $#; set -- "${y:-a b c}"; echo $#; set -- ${y:-"a b" c}; echo $#
#> 3
#> 1
#> 2

x=/a/b/c; echo ${x##*/} ${x%/*} ${x#/} ${x%%/*}.
#> c /a/b a/b/c .

x='a*b'; echo "${x#a\*}" "${x#'a*'}" ${x#a*}
#> b b *b

x=aaa; echo ${x#a} ${x##a} ${x%a*} ${x%%a*}
#> aa aa aa

x=abc; y=b; echo ${x%$y*} ${x#*$y}
#> a c

: ${x:=5}; echo $x; echo ${x=6}
#> 5
#> 5

set -- 1 2 3 4 5 6 7 8 9 ten eleven; echo ${10} ${11} $10
#> ten eleven 10

echo "${#}" "$#"; set -- a; echo "$#"
#> 0 0
#> 1

unset x; echo ${x-a}${x:-b}${x+c}${x:+d}; x=; echo ${x-a}${x:-b}${x+c}${x:+d}
#> ab
#> bc

x=value; echo ${x%u*}${x#*l} ${x%%[aeiou]*} ${x##*[aeiou]}
#> value v

set -- aa b; x=$@; echo "$x"; x="$@"; echo "$x"; IFS=:; x=$*; echo "$x"; x=$@; echo "$x"; case "aa:b" in $*) echo star;; esac
#> aa b
#> aa b
#> aa:b
#> aa:b
#> star

x=abc; echo ${x} ${x-d} ${x:-d} ${x+s} ${x:+s} ${x=d} ${x:=d} ${x?e} ${x:?e}
#> abc abc abc s s abc abc abc abc

unset x; echo ${x-d} ${x:-d} [${x+s}] [${x:+s}]; echo ${x=d}; unset x; echo ${x:=e} $x
#> d d [] []
#> d
#> e e

x=; echo [${x-d}] ${x:-d} [${x+s}] [${x:+s}]; echo [${x=d}] ; echo ${x:=e} $x; x=; echo [${x?e}]
#> [] d [s] []
#> []
#> e e
#> []

(unset x; echo ${x?}; echo no); echo $?; (x=; echo ${x:?msg}; echo no); echo $?
#> 2
#> 2

(: ${1?}; echo no) 2>/dev/null; echo $?; set -- a; : ${1?}; echo ok; (: ${1:=x}) 2>/dev/null; echo $?; (: ${2:=x}) 2>/dev/null; echo $?
#> 2
#> ok
#> 0
#> 2

x='a b c'; set -- ${x#a}; echo $#; set -- "${x#a}"; echo $#
#> 2
#> 1

x=/usr/lib/x.tar.gz; echo ${x##*/} ${x%/*} ${x%%.*} ${x%.*} ${x#*.} ${x##*.} ${x#/} ${x%gz}
#> x.tar.gz /usr/lib /usr/lib/x /usr/lib/x.tar tar.gz gz usr/lib/x.tar.gz /usr/lib/x.tar.

x=abcabc; echo ${x#*b} ${x##*b} ${x%b*} ${x%%b*} ${x#?} ${x%?} ${x#[a-b]} ${x%[!a]}
#> cabc c abca a bcabc abcab bcabc abcab

x='[a]'; echo "${x#[}" "${x#\[}" ${x%]} "${x#'['}"
#> a] a] [a a]

x='a}b'; echo ${x%\}*} "${x%\}*}" ${x%'}'*} "${x%'}'*}"
#> a a a a

x='a"b'; echo ${x%\"*} "${x%\"*}" "${x%'"'*}"
#> a a a

x="a'b"; echo ${x%\'*} "${x%"'"*}"
#> a a

x='a*b*c'; p='\*'; echo ${x#*\*} ${x##*"*"} ${x%%'*'*} ${x#*$p} ${x#*"$p"}
#> b*c c a b*c a*b*c

x=aXbXc; p=X*; echo ${x%$p} ${x%%$p} "${x%$p}" "${x%"$p"}"
#> aXb a aXb aXbXc

x='a\b'; echo "${x#a\\}" ${x%\\*} "${x%'\'*}"
#> b a a

x=; echo "${#x}" ${#}; unset x; echo ${#x}; x=$(printf 'a\nb'); echo ${#x}
#> 0 0
#> 0
#> 3

set -- aa b; echo ${#1} ${#2} ${#3} ${#@} ${#*} ${#} $#
#> 2 1 0 4 4 2 2

echo ${#?} ${#$} | sed 's/ .*//'; echo ${#-} >/dev/null
#> 1

x=$(printf '\303\244'); echo ${#x}
#> 2

x=aaaa; echo ${x%%a} ${x%%a*} ${x##*a} ${x#a*}
#> aaa aaa

x=abc; echo ${x#} ${x%} ${x##} ${x%%}
#> abc abc abc abc

x=abc; y='b*'; echo ${x%%$y} ${x%%"$y"} ${x%%${y}} "${x%%${y}}"
#> a abc a a

x='x y z'; for i in ${x% *} "${x% *}"; do echo "<$i>"; done
#> <x>
#> <y>
#> <x y>

unset a b; echo ${a:-${b:-c}} "${a:-"${b:-"c  d"}"}" ${a:-${b:-"e  f"}}
#> c c  d e  f

unset a; echo ${a:-$((1+2))} ${a:-$(echo x; echo y)} "${a:-`echo z`}"
#> 3 x y z

unset a; set -- ${a:-"x y" z}; echo $#; set -- "${a:-"x y" z}"; echo $#; set -- ${a:-'x y'z}; echo $#
#> 2
#> 1
#> 1

unset a; set -- ${a:+"x y"}; echo $#; a=1; set -- ${a:+"x y"} ${a:+x y} "${a:+x y}"; echo $#
#> 0
#> 4

unset a; set -- ${a-}; echo $#; set -- "${a-}"; echo $#; set -- ${a-""}; echo $#; set -- ${a+x}; echo $#; set -- "${a+x}"; echo $#
#> 0
#> 1
#> 1
#> 0
#> 1

set -- 'a b' c; set -- ${1+"$@"}; echo $#; set -- "${1+"$@"}"; echo $#; set -- ${nope-"$@"}; echo $#; set -- "${nope-$@}"; echo $#
#> 2
#> 2
#> 2
#> 2

set -- 'a b' c; for i in "${@-x}" "${@:-x}" "${*-y}"; do echo "<$i>"; done; set --; for i in "${@-x}" "${@:-y}" "${*:-z}"; do echo "<$i>"; done
#> <a b>
#> <c>
#> <a b>
#> <c>
#> <a b c>
#> <>
#> <y>
#> <z>

set -- 'a b' c; for i in x"$@"y; do echo "<$i>"; done; for i in "x$@" "$@y"; do echo "<$i>"; done; for i in "$@$@"; do echo "<$i>"; done
#> <xa b>
#> <cy>
#> <xa b>
#> <c>
#> <a b>
#> <cy>
#> <a b>
#> <ca b>
#> <c>

set --; for i in "$@" "x$@y" ""$@ "$@""$@"; do echo "<$i>"; done; echo $#
#> <xy>
#> <>
#> 0

set -- "" a ""; for i in $@; do echo "<$i>"; done; for i in "$@"; do echo "<$i>"; done; for i in $*; do echo "<$i>"; done
#> <a>
#> <>
#> <a>
#> <>
#> <a>

set -- a "" b; set -- $@; echo $#; set -- a "" b; set -- $*; echo $#
#> 2
#> 2

b c
'; set -- $x; echo $#
#= 2

x='a b'; y=' c'; set -- $x$y; echo $#; set -- $x"$y"; echo $#; x='a '; set -- $x"b"; echo $#; set -- "b"$x"c"; echo $#
#> 3
#> 2
#> 2
#> 2

x='a\ b'; set -- $x; echo $# "$1"
#> 2 a\

echo "${x:-$(echo "a b" 'c')}" "${x:-"$(echo "q")"}"
#> a b c q

x="a b"; echo "${x+"$x"}" ${x+"$x"} ${x+$x}
#> a b a b a b

f() { echo $#; }; f ${x:-a b} "${x:-a b}" ${x:-"a b"} ${x:-a" "b} ${x:-a\ b}
#> 6

x=5 y=x; eval echo \$$y \${$y}; eval "z=\$$y"; echo $z
#> 5 5
#> 5

: ${a=1} ${b:=$a} ${c:=${b}2}; echo $a $b $c
#> 1 1 12

: ${a="x  y"}; echo "$a"; unset a; : ${a=x  y}; echo "$a"; unset a; echo ${a="p  q"} ; unset a; set -- ${a="p  q"}; echo $#
#> x  y
#> x  y
#> p q
#> 2

echo ${10} ${1}0 $10; set -- a b c d e f g h i j; echo $10 ${10} ${010}
#> 0 0
#> a0 j j

set -- a; echo ${1}b $1b "$1"b $1'b'; x=1; echo $x.5 ${x}y $x-$x
#> ab ab ab ab
#> 1.5 1y 1-1

echo $$ | grep -c '^[0-9]*$'; (echo $$) | grep -q "^$$\$" && echo same; sh -c 'echo $0' foo
#> 1
#> same
#> foo

echo "$-" | tr -d c; set -e; echo $- | grep -c e; set -f; case $- in *f*) echo f;; esac
#>
#> 1
#> f

echo "[$!]"; : & [ -n "$!" ] && echo set
#> []
#> set

false; echo $?; (exit 7); x=$?; echo $x ${x} $?
#> 1
#> 7 7 0

x='$(echo hi)'; echo $x; x='`echo hi`'; echo "$x"; x='$y'; y=1; echo $x
#> $(echo hi)
#> `echo hi`
#> $y

x=ab; echo ${x%%b}c "${x}"c "${x%b}"'c'
#> ac abc ac

x=a; x=$x$x$x; x="$x"b; echo $x ${x}${x}
#> aaab aaabaaab

v=foo.c; case ${v##*.} in c) echo C;; esac
#> C

echo "a${x+
b}c"; x=1; echo "a${x+
b}c"
#> ac
#> a
#> bc

x=; y=${x:-a b}; echo "$y"; y=${x:-"a  b"}; echo "$y"; y="${x:-a  'b'}"; echo "$y"
#> a b
#> a  b
#> a  'b'

x=~; y=${z:-~}; echo "$x $y"; HOME=/h; x="~"; echo $x; echo ${x:+~}
#> /root /root
#> ~
#> /h

echo "$((${x:-3}+1))" ${y:-$((4))} "${y:+$((1))}"
#> 4 4 

echo ${x-$(echo ${y-z})} ${x-`echo ${y-z}`}
#> z z

echo "${x-}" '${x-}' ${x-} "" | cat -A
#>  ${x-} $

readonly r=5; echo ${r} ${r:-6}; (: ${r:=7}); echo $?; (r=6) 2>/dev/null; echo $?; unset r 2>/dev/null; echo no
#> 5 5
#> 0
#> 2
#= 2

x=/a/b/c; echo ${x%/*} ${x##*/} ${x#*/} ${x%%/*} "${x#/*/}" ${x##*[!/]}; x=aab; echo ${x#a*} ${x##a*} ${x#*a} ${x##*a} ${x%b*} ${x%%*}; x='a?b*c'; echo "${x%\?*}" "${x%%'?'*}" "${x#*\*}" "${x#*[*]}"
#> /a/b c a/b/c b/c
#> ab ab b aa
#> a a c c

unset y; echo "${y-"}"}" "${y-a"b}c"d}" "${y-"a  b"}" "${y-"$(echo "}")"}"; cat <<E
${y-"}"}
E
x='}'; echo "${x+"$x}"}"
#> } ab}cd a  b }
#> }
#> }}
