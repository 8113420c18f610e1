# export, readonly, unset

unset PATH; ls 2>/dev/null; echo $?; PATH=/bin:/usr/bin; ls; echo $?
#! busybox finds its own applets without PATH
#> 127
#> 0

f() { echo f; }; unset f; f; unset -v f; f; unset -f f; f 2>/dev/null; echo $?
#> f
#> f
#> 127

unset 1a; echo no
#= 2

HOME=/usr; cd; pwd; unset HOME; cd 2>/dev/null; echo $?; HOME=; cd; echo $?
#> /usr
#> 0
#> 0

x=1; export x; sh -c 'echo $x'; export y=2 z='a b'; sh -c 'echo $y $z'; unset x; sh -c 'echo ${x-unset}'; export nope; sh -c 'echo ${nope-unset}'; nope=1; sh -c 'echo $nope'
#> 1
#> 2 a b
#> unset
#> unset
#> 1

export x='a b' y="it's"; export -p | grep ' [xy]='; readonly r='1 2'; readonly -p | grep ' r='; export q; export -p | grep ' q$'
#> export x='a b'
#> export y='it'"'"'s'
#> readonly r='1 2'
#> export q

export 1a 2>/dev/null; echo no
#= 2

export a-b=c 2>/dev/null; echo no
#= 2

readonly x=1 y; echo $x; (x=2) 2>/dev/null; echo $?; (unset x) 2>/dev/null; echo $?; (readonly x=3) 2>/dev/null; echo $?; (export x=3) 2>/dev/null; echo $?; (local x) 2>/dev/null; echo $?; (for x in 1; do :; done) 2>/dev/null; echo $?; (read x <<X
a
X
) 2>/dev/null; echo $?; (getopts a x -a) 2>/dev/null; echo $?; (: ${y=1}) 2>/dev/null; echo $?; (x=2 true) 2>/dev/null; echo $?; (x=2 :) 2>/dev/null; echo $?
#> 1
#> 2
#> 2
#> 2
#> 2
#> 2
#> 2
#> 2
#> 2
#> 2
#> 2
#> 2

readonly x; x=2 2>/dev/null; echo no
#= 2

f() { local r; r=2; echo $r; }; readonly r=1; f 2>/dev/null; echo no
#= 2

readonly x=$(echo 'a  b') y=~; echo "$x" $y; f() { local a=$1 b=~/x c=*; echo "$a" "$b" "$c"; }; f 'p  q'
#> a  b /root
#> p  q /root/x *

command export x='a b'; echo "$x"; y='c d'; command export x=$y 2>/dev/null; echo "$x"
#> a b
#> c d

unset x y; x=1; unset x y; echo $? ${x-u}; unset -v x; unset -f nofunc; echo $?; unset 1a 2>/dev/null; echo $?; unset; echo $?; unset -Z 2>/dev/null; echo no
#> 0 u
#> 0
#= 2

x=${y:=5} /bin/true; echo $y; n=1; x=$((n+=1)) /bin/true; echo $n; x=$(exit 3) /bin/sh -c 'echo $x.'; x=1 y=$x$n sh -c 'echo $x$y'; echo $x.$y
#> 5
#> 2
#> .
#> 112
#> .5

PATH=/nosuch ls 2>/dev/null; echo $?; PATH=/nosuch; PATH=/usr/bin:/bin ls /nosuch 2>/dev/null; [ $? = 127 ] || echo found
#! there applets need no PATH
#> 127
#> found

x=${u?nothing} /bin/true; echo no
#= 2

readonly r=1; r=2 /bin/true; echo no
#= 2

(readonly r=1; r=2 /bin/true; echo no); echo $?; (readonly r=1; r=2 nosuchcommand; echo no); echo $?
#> 2
#> 2
