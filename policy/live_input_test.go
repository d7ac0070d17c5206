package policy

import "testing"

func TestWhichCommandsReadCommands(t *testing.T) {
	for command, want := range map[string]bool{
		"bash": true, "/bin/sh": true, "sh -s x": true, "bash -l": true, "sudo su -": true, "su - postgres": true, "sudo -u postgres bash": true, "sudo -i": true, "cd /srv && bash": true, "cat x; exec sh": true, "env A=1 bash": true, "'bash'": true, "(sh)": true,
		"bash -c ls": false, "sh script.sh": false, "tar x": false, "cat bash.txt": false, "su -c id": false, "sudo tar x": false, "": false, "scp -t /srv": false,
	} {
		if got := ReadsCommands(command); got != want {
			t.Errorf("%q: %v", command, got)
		}
	}
}
