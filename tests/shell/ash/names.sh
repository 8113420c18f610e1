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

command -v /etc; echo $?; command -v /bin/sh; command -v ./nope; echo $?
#! a directory is no command
#> 127
#> /bin/sh
#> 127

type -t cd; type -t if; type -t nope; echo $?; f() { :; }; type -t f; type f if cd . nope; echo $?; command -V cd if f; command -v if f cd
#> cd
#> if
#> 127
#> f
#> f is a function
#> if is a shell keyword
#> cd is a shell builtin
#> . is a special shell builtin
#> nope: not found
#> 127
#> cd is a shell builtin
#> if

alias a=b; type -t a; command -v a; command -V a
#! an alias has a name as well
#> a
#> alias a='b'
#> a is an alias for b

alias for=echo
for a b
#! reserved words can be aliases
#> a b
