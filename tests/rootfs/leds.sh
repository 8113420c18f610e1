# LEDs

. lib/functions/leds.sh
led() { for f in trigger delay_on delay_off brightness; do printf '%s ' "$(cat sys/class/leds/x/$f)"; done; echo; }
mkdir -p sys/class/leds/x; for f in trigger delay_on delay_off brightness; do echo - >sys/class/leds/x/$f; done
led_timer x 50 60; led; led_on x; led; led_off x; led; led_set_attr x brightness '$(echo no)'; led
led_set_attr x nothing 1; echo $?; led_on nothing; echo $?; ls sys/class/leds sys/class/leds/x
#> timer 50 60 - 
#> none 50 60 255 
#> none 50 60 0 
#> none 50 60 $(echo no) 
#> 0
#> 0
#> sys/class/leds:
#> x
#>
#> sys/class/leds/x:
#> brightness
#> delay_off
#> delay_on
#> trigger

. lib/functions/leds.sh
mkdir -p sys/class/leds/m; for f in trigger message delay; do : >sys/class/leds/m/$f; done
led_morse m 'so s' 100; cat sys/class/leds/m/trigger sys/class/leds/m/message sys/class/leds/m/delay
#> morseso s100

. lib/functions/leds.sh
led() { for l in x y; do for f in trigger delay_on delay_off brightness; do printf '%s ' "$(cat sys/class/leds/$l/$f)"; done; done; echo; }
for l in x y; do mkdir -p sys/class/leds/$l; for f in trigger delay_on delay_off brightness; do echo - >sys/class/leds/$l/$f; done; done
status_led_on; led; status_led=x; status_led_on; led; status_led2=y; status_led_off; led
status_led_set_timer 1 2; led; status_led_blink_preinit; led; status_led_blink_failsafe; led; status_led_blink_preinit_regular; led
status_led_blink_slow; led; status_led_blink_fast; led; status_led_set_heartbeat; led
#> - - - - - - - - 
#> none - - 255 - - - - 
#> none - - 0 none - - 0 
#> timer 1 2 0 timer 1 2 0 
#> timer 100 100 0 timer 100 100 0 
#> timer 50 50 0 timer 50 50 0 
#> timer 200 200 0 timer 200 200 0 
#> timer 1000 1000 0 timer 1000 1000 0 
#> timer 100 100 0 timer 100 100 0 
#> heartbeat 100 100 0 heartbeat 100 100 0 

. lib/functions/leds.sh
tree=proc/device-tree; mkdir -p $tree/aliases $tree/leds/led-0 $tree/leds/led-1; get_dt_led boot; echo $?; get_dt_led_path boot; echo $?
printf '/leds/led-0\0' >$tree/aliases/led-boot; path="$(get_dt_led_path boot)"; echo "${path#"$PWD/"}"
get_dt_led boot
printf 'status\0' >$tree/leds/led-0/function; get_dt_led boot; printf '\0\0\0\003' >$tree/leds/led-0/color; get_dt_led boot
printf '\0\0\0\012' >$tree/leds/led-0/color; get_dt_led boot; printf '\0\0\0\0' >$tree/leds/led-0/color; get_dt_led boot
printf '\0\0\0\002' >$tree/leds/led-0/function-enumerator; get_dt_led boot; printf '\0\0\001\0' >$tree/leds/led-0/color; get_dt_led boot
printf 'chan\0' >$tree/leds/led-0/chan-name; get_dt_led boot; printf 'tp:blue:sys tem\0' >$tree/leds/led-0/label; get_dt_led boot
#> 1
#> 1
#> proc/device-tree/leds/led-0
#> led-0
#> :status
#> blue:status
#> purple:status
#> white:status
#> white:status-2
#> :status-2
#> chan
#> tp:blue:sys tem

. lib/functions/leds.sh
mkdir -p proc/device-tree/aliases proc/device-tree/leds/x sys/class/leds/x; : >sys/class/leds/x/trigger
printf '/leds/x\0' >proc/device-tree/aliases/led-boot; status_led_restore_trigger boot; echo "$?<$(cat sys/class/leds/x/trigger)>"
printf 'heartbeat\0' >proc/device-tree/leds/x/linux,default-trigger; status_led_restore_trigger boot; cat sys/class/leds/x/trigger
status_led_restore_trigger nothing; echo $?
#> 0<>
#> heartbeat0
