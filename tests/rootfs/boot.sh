# what is wanted once is done at one boot: what fails comes again, one does not end the others
mkdir -p etc/uci-defaults/dir
echo 'echo first; cd /; exit 0' >etc/uci-defaults/10_first
echo 'echo second; exit 3' >etc/uci-defaults/20_second
echo 'echo third; [ -z "$v" ]; v=1' >etc/uci-defaults/30_third
. etc/init.d/boot; run_once; ls etc/uci-defaults; v=; run_once
#> first
#> second
#> third
#> 20_second
#> dir
#> second

# an image without any has nothing to do
. etc/init.d/boot; rm -rf etc/uci-defaults; run_once; echo "= $?"
#> = 0
