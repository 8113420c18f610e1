# echo

echo "a" >f; echo -n "b" >>f; wc -c <f
#> 3
