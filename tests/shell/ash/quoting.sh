# quotes, backslashes, comments, what a word is

echo 'a\nb' | cat
#> a\nb

echo "a\nb\$\`\"\\c\d"
#> a\nb$`"\c\d

echo "${x:-'a b'}" ${x:-'a b'} "${x-\$y}" "${x-\a}" ${x-\a}
#> 'a b' a b $y \a a

echo "${x-"\a"}" "${x-"\\"}" ${x-\\}
#> \a \ \

x='\'; echo "$x" $x; x='a\b'; echo $x "$x"
#> \ \
#> a\b a\b
