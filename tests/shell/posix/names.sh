# what a name means: alias, type, command, hash

alias foo='echo aliased'
foo bar
#> aliased bar

alias a='echo ' b='word'
a b
#> word

alias x='y'; alias
#> x='y'

eval 'alias q="echo q"'
q
#> q

hash -r; echo $?
#> 0

alias a='echo A'
a; alias a; alias | grep '^a='; unalias a; a 2>/dev/null; echo $?; unalias nope 2>/dev/null; echo $?; alias nope 2>/dev/null; echo $?; alias x=1 y=2; unalias -a; alias
#> A
#> a='echo A'
#> a='echo A'
#> A
#> 0
#> 1
#> 1

alias e='echo ' w='world' nt=x
e w w; e nt; e "w" \w 'w'
#> world w
#> x
#> w w w

alias i='if true; then echo yes; fi'
i; alias b='{ echo in'
b; echo more; }
#> yes
#> in
#> more

alias l='echo "a b' 
l c"
#> a b c

alias ls='echo ls'; alias x=ls
x; ls
\ls >/dev/null; 'ls' >/dev/null; echo end
#> ls
#> ls
#> end

alias r=r
r 2>/dev/null; echo $?; alias p=q q=p
p 2>/dev/null; echo $?
#> 127
#> 127

alias f=g
f() { echo def; }
g
#> def

alias a='x=1'
a; echo $x; alias s='x=2 '
s sh -c 'echo $x'
#> 1
#> 2

alias c='echo a; echo'
c b; alias n=''
n echo hi; alias sp=' '
sp echo ho; alias cm='#'
cm echo no
#> a
#> b
#> hi
#> ho

alias a='echo hi |'
a cat; alias d='echo a
echo b'
d
#> hi
#> a
#> b

alias a="it's" 2>/dev/null; alias a; alias 'x y=z' 2>/dev/null; echo $?; alias ''=x 2>/dev/null; echo $?; alias a-b='echo dash' 1=2
a-b; alias ..='echo dd'
..
#> a='it'"'"'s'
#> 0
#> 1
#> dash
#> dd

case x in x) alias ii='echo alias';; esac
ii; if :; then alias jj='echo jj'; fi
jj; (alias kk='echo kk'
kk); kk 2>/dev/null; echo $?
#> alias
#> jj
#> 127

ls() { echo fn; }; command ls -d /; cd() { echo cdfn; }; cd x; command cd /; pwd; unset -f cd ls; command eval 'echo e'; command -- command echo cc; x=command; $x echo via
#> /
#> cdfn
#> /
#> e
#> cc
#> via
