// Command prompt plays the people of the bench. With nothing but the commands of sekimori it
// founds the registry, enrols everybody, files and approves a request, takes the attendant's
// post, and logs in once as the engineer over SSH, answering the prompts for code and consent:
// from then on the key alone suffices from the same address, which is what a benchmark's clients
// need.
//
// It is called by ../up and refuses to do anything without a broker that has just been made. The
// secrets of the second factors live in its memory only, so nobody of the bench can sign in after.
package main
