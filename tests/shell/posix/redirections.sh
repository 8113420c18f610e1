# redirections

{ echo a; echo b >&2; } 2>&1 >/dev/null
#> b

echo 'return 7' > r.sh; . ./r.sh; echo $?
#> 7

echo err >&2 2>/dev/null; echo out 2>&1
#> out

nosuchcmd 2>/dev/null; echo $?
#> 127

/etc 2>/dev/null; echo $?
#> 126

cd /nosuchdir 2>/dev/null; echo $?
#> 2

exec 3>&1; echo direct >&3; { echo inner; } >&3 2>/dev/null
#> direct
#> inner

echo a >o1 >o2; test -s o1 || echo empty; cat o2
#> empty
#> a

: > o3; [ -s o3 ] || echo empty; echo x >> o3; echo y >> o3; cat o3
#> empty
#> x
#> y

OLDPWD=/; cd - >/dev/null; pwd
#> /

command true; echo $?; command false; echo $?; command nosuchcmd 2>/dev/null; echo $?
#> 0
#> 1
#> 127

type nosuchcmd >/dev/null 2>&1; echo $?
#> 127

alias e=echo
e aliased; unalias e
e 2>/dev/null; echo $?
#> aliased
#> 127
