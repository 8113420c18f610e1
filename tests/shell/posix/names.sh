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
