# command substitution

echo "$(echo ")")" $(echo \)) `echo ")"`
#> ) ) )
