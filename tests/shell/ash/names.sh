# what a name means: alias, type, command, hash

type -t cd; type -t nope; echo $?
#> cd
#> 127

command . /nope; echo $?
#> 2

command -p echo a
#> a

alias nope; echo $?; unalias nope; echo $?
#> 1
#> 1

hash nope; echo $?
#> 1

type -t echo; type -t nosuch; echo $?
#> echo
#> 127
