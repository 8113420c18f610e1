# accounts for services

group_add web 200; echo $?; group_exists web; echo $?; tail -n 1 etc/group; group_add web 201; echo $?; group_exists we; echo $?
#> 0
#> 0
#> web:x:200:
#> 1
#> 1

lines="$(wc -l <etc/group)"
for n in '' -x 'a:b' 'a b' 'a;b' "a${N}root"; do group_add "$n" 300; echo $?; done; group_add ok 'x'; echo $?; group_add ok; echo $?
[ "$lines" = "$(wc -l <etc/group)" ]; echo $?
#> 1
#> 1
#> 1
#> 1
#> 1
#> 1
#> 1
#> 1
#> 0

group_add_next web; group_add_next ftp; group_add_next web; group_add_next root
#> 65536
#> 65537
#> 65536
#> 0

group_add web 200; group_add_user web one; group_add_user web two; group_add_user web one; echo $?; tail -n 1 etc/group; head -n 1 etc/group
group_add_user nothing one; echo $?; ls etc | grep group
#> 0
#> web:x:200:one,two
#> root:x:0:
#> 1
#> group

user_add web 200 201 'Web server' /www /bin/ash; echo $?; tail -n 1 etc/passwd; user_exists web; echo $?; user_add web; echo $?; user_exists nothing; echo $?
#> 0
#> web:x:200:201:Web server:/www:/bin/ash
#> 0
#> 1
#> 1

user_add web; user_add ftp; tail -n 2 etc/passwd; tail -n 1 etc/shadow
#> web:x:65536:65536:web:/var/run/web:/bin/false
#> ftp:x:65537:65537:ftp:/var/run/ftp:/bin/false
#> ftp:*:0:0:99999:7:::

printf 'last:x:9:9:no line end:/:/bin/false' >>etc/passwd; user_exists last; echo $?; user_add web 1 1; tail -n 2 etc/passwd
printf 'last:x:65536:' >>etc/group; group_exists last; echo $?; group_add_next web; tail -n 2 etc/group; group_add_user web a; tail -n 2 etc/group
#> 0
#> last:x:9:9:no line end:/:/bin/false
#> web:x:1:1:web:/var/run/web:/bin/false
#> 0
#> 65537
#> last:x:65536:
#> web:x:65537:
#> last:x:65536:
#> web:x:65537:a

sum="$(cat etc/passwd etc/shadow)"
user_add 'a:b'; echo $?; user_add ok 'x'; echo $?; user_add ok 1 1 'a:0:0'; echo $?; user_add ok 1 1 a "/x${N}evil::0:0:::"; echo $?
[ "$sum" = "$(cat etc/passwd etc/shadow)" ]; echo $?
#> 1
#> 1
#> 1
#> 1
#> 0
